"""One layer on the convolution pipeline, from the last register write to the interrupt."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import simpy

from nnasim.errors import SimulationError
from nnasim.sim.nvdla.latencies import Latencies
from nnasim.sim.nvdla.layer import Layer, Memory, broken_limit
from nnasim.sim.nvdla.memory_port import MemoryPort
from nnasim.sim.nvdla.operands import OperandReader
from nnasim.sim.nvdla.output_stage import OutputStage
from nnasim.sim.nvdla.read_port import ReadPort
from nnasim.sim.nvdla.sequencer import Sequencer

OPERANDS_HEAD_START = 18  # measured: operands are asked for so many cycles before the convolution's first read


@dataclass(frozen=True)
class LayerTiming:
    """Cycles counted from the last register write: the first MAC, the last value out, the interrupt.

    ``last_read``: the last weight or activation is there. ``operands_taken``: the output stage has taken its last
    operands. ``last_write``: the last beat leaves for memory.
    """

    first_mac: int
    last_output: int
    total: int
    last_read: int
    operands_taken: int
    last_write: int


MEASURED = Latencies()
# measured: nv_small_256_full delivers two values a cycle, but gathers them into larger writes; its clock starts later
FULL_CONFIGURATION = replace(MEASURED, write_pipeline=27)
WRITE_RESPONSE = 11  # measured: from the last beat written, and the memory's reply, to the interrupt


def run_layer(layer: Layer, memory: Memory, latencies: Latencies = MEASURED) -> LayerTiming:
    """The timing of ``layer``, simulated. Raises SimulationError if the hardware cannot run it in one operation."""
    if (limit := broken_limit(layer)) is not None:
        raise SimulationError(f"{limit.field} = {limit.value}: {limit.allowed}")
    env, head_start = simpy.Environment(), OPERANDS_HEAD_START if layer.operand_beats else 0
    port = MemoryPort(memory, issued=-1.0 - head_start)
    operands = OperandReader(env, port, layer.operand_beats, -float(head_start))
    reads, outputs = ReadPort(env, port, layer, latencies), OutputStage(env, layer, latencies, operands)
    sequencer = Sequencer(env, layer, reads, outputs)
    env.process(operands.run())
    env.process(reads.run())
    env.process(sequencer.run())
    delivered = env.process(outputs.run())
    env.run(until=delivered)
    assert sequencer.first_mac is not None
    total = outputs.last_output + latencies.write_pipeline + layer.path.latency + memory.write_latency
    return LayerTiming(
        first_mac=sequencer.first_mac,
        last_output=outputs.last_output,
        total=total,
        last_read=math.ceil(reads.last_return),
        operands_taken=outputs.operands_taken,
        last_write=total - memory.write_latency - WRITE_RESPONSE,
    )
