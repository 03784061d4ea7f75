"""One layer on the convolution pipeline, from the last register write to the interrupt."""

from __future__ import annotations

from dataclasses import dataclass

import simpy

from nnasim.errors import SimulationError
from nnasim.sim.nvdla.latencies import Latencies
from nnasim.sim.nvdla.layer import Layer, Memory, broken_limit
from nnasim.sim.nvdla.output_stage import OutputStage
from nnasim.sim.nvdla.read_port import ReadPort
from nnasim.sim.nvdla.sequencer import Sequencer


@dataclass(frozen=True)
class LayerTiming:
    """Cycles counted from the last register write: the first MAC, the last value out, the interrupt."""

    first_mac: int
    last_output: int
    total: int


MEASURED = Latencies()


def run_layer(layer: Layer, memory: Memory, latencies: Latencies = MEASURED) -> LayerTiming:
    """Simulate ``layer``. SimulationError where the hardware cannot run it in one operation."""
    if (limit := broken_limit(layer)) is not None:
        raise SimulationError(f"{limit.field} = {limit.value}: {limit.allowed}")
    env = simpy.Environment()
    reads, outputs = ReadPort(env, layer, memory, latencies), OutputStage(env, layer, latencies)
    sequencer = Sequencer(env, layer, reads, outputs)
    env.process(reads.run())
    env.process(sequencer.run())
    delivered = env.process(outputs.run())
    env.run(until=delivered)
    assert sequencer.first_mac is not None
    total = outputs.last_output + latencies.write_pipeline + memory.write_latency
    return LayerTiming(sequencer.first_mac, outputs.last_output, total)
