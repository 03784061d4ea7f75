"""The output stage: finished rows leave the accumulator, pass the engines and are written."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import simpy

from nnasim.sim.nvdla.latencies import Latencies
from nnasim.sim.nvdla.layer import Layer
from nnasim.sim.nvdla.operands import OperandReader, until
from nnasim.units import ceil_div


class OutputStage:
    """Delivers rows in order.

    Timing law: a row of a kernel group takes one cycle to read and then its values at the rate of the path; its place
    in the accumulator is free ``credit_return`` cycles after its last value. A row waits for its operands.
    Ports: ``stripes`` (start and rows of each stripe that the array finishes), ``credits`` (free accumulator rows),
    ``operands`` (what reads them).

    Not modelled
        NVDLA output stage: a write port slower than the output stage
    """

    def __init__(self, env: simpy.Environment, layer: Layer, latencies: Latencies, operands: OperandReader) -> None:
        self.env, self.layer, self.latencies, self.operands = env, layer, latencies, operands
        places = layer.design.accumulator_rows
        self.stripes = simpy.Store(env)
        self.credits = simpy.Container(env, capacity=places, init=places)
        self.last_output = 0
        self.operands_taken = 0
        self._there = 0.0

    def run(self) -> Generator[simpy.Event, Any, None]:
        """Deliver every row of the layer."""
        layer, period = self.layer, self.layer.design.cycles_per_row(self.layer.path)
        begin, channels, values = -period, 0, 0
        for kernels in layer.kernel_groups:
            channels += kernels
            for _ in layer.stripes:
                started, rows = yield self.stripes.get()
                values += kernels * rows
                self.operands_taken = max(begin, 0)
                yield from self._operands(channels, values)
                for row in range(rows):
                    begin = max(begin + period, started + row + self.latencies.array, math.ceil(self._there))
                    self.last_output = begin + period - 2
                    yield until(self.env, self.last_output + self.latencies.credit_return)
                    yield self.credits.put(1)

    def _operands(self, channels: int, values: int) -> Generator[simpy.Event, Any, None]:
        """Wait for what each stream must have brought for so many channels, or values, since the start."""
        for index, operand in enumerate(self.layer.path.operands):
            needed = (channels if operand.per_channel else values) * operand.bytes_per_value
            beats = ceil_div(needed, self.layer.design.bus_bytes)
            while self.operands.beats_taken[index] < beats:
                back = yield from self.operands.take(index)
                self._there = max(self._there, back - operand.lead)
