"""The output stage: finished rows leave the accumulator, are requantised and written."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from nnasim.sim.nvdla.latencies import Latencies
from nnasim.sim.nvdla.layer import Layer
from nnasim.sim.nvdla.read_port import until


class OutputStage:
    """Delivers rows in order.

    Timing law: a row of a kernel group takes one cycle to read and ceil(atomic_k / outputs_per_cycle) to deliver; its
    place in the accumulator is free ``credit_return`` cycles after its last value.
    Ports: ``stripes`` (start and rows of each stripe that the array finishes), ``credits`` (free accumulator rows).

    Not modelled
        NVDLA output stage: a write port slower than the output stage
    """

    def __init__(self, env: simpy.Environment, layer: Layer, latencies: Latencies) -> None:
        self.env, self.design, self.latencies = env, layer.design, latencies
        places = layer.design.accumulator_rows
        self.stripes = simpy.Store(env)
        self.credits = simpy.Container(env, capacity=places, init=places)
        self._stripes_expected = len(layer.kernel_groups) * len(layer.stripes)
        self.last_output = 0

    def run(self) -> Generator[simpy.Event, Any, None]:
        """Deliver every row of the layer."""
        begin, period = -self.design.cycles_per_row, self.design.cycles_per_row
        for _ in range(self._stripes_expected):
            started, rows = yield self.stripes.get()
            for row in range(rows):
                begin = max(begin + period, started + row + self.latencies.array)
                self.last_output = begin + period - 2
                yield until(self.env, self.last_output + self.latencies.credit_return)
                yield self.credits.put(1)
