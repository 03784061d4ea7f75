"""Stand-alone passes of the output stage, memory to memory: a copy, a table, element-wise operations."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nnasim.sim.nvdla.layer import Design, Memory
from nnasim.sim.nvdla.memory_port import MemoryPort
from nnasim.sim.nvdla.operands import BURST_BEATS, OperandStream, next_stream
from nnasim.sim.nvdla.output_path import PLAIN, OutputPath
from nnasim.sim.nvdla.pipeline import WRITE_RESPONSE
from nnasim.units import ceil_div

FIRST_REQUEST = 20  # measured: from the last register write to the first request
PLAIN_LATENCY = 25  # measured: from a burst's last value entering to its first beat written, on the plain path
QUEUE_BURSTS, QUEUE_CYCLES = 2, 26  # measured: bursts that wait before the engines, and how long after one enters


@dataclass(frozen=True)
class Pass:
    """``values`` int8 values read, passed through ``path`` with its operands, and written; in one position or many."""

    design: Design
    values: int
    path: OutputPath = PLAIN

    @property
    def bursts(self) -> list[int]:
        """Values of each burst."""
        widest = BURST_BEATS * self.design.bus_bytes
        full, rest = divmod(self.values, widest)
        return [widest] * full + ([rest] if rest else [])

    def beats(self, bytes_per_value: int) -> int:
        """Beats of a stream with so many bytes a value."""
        return ceil_div(self.values * bytes_per_value, self.design.bus_bytes)

    @property
    def stream_beats(self) -> list[int]:
        """Beats of the values, then of each stream of operands."""
        return [self.beats(1), *(self.beats(operand.bytes_per_value) for operand in self.path.operands)]

    @property
    def read_beats(self) -> int:
        """Beats read in all."""
        return sum(self.stream_beats)

    @property
    def write_beats(self) -> int:
        """Beats written."""
        return self.beats(1)


@dataclass(frozen=True)
class PassTiming:
    """Cycles from the last register write: when all operands were taken, the last beat was written, the interrupt."""

    last_taken: int
    last_write: int
    total: int


def run_pass(elementwise: Pass, memory: Memory, free_from: float = -math.inf) -> PassTiming:
    """The timing of one pass, simulated. ``free_from``: the cycle in which the operation before frees the engines.

    Timing law: values and operands come in bursts of 4 beats, the streams in turn. A burst enters the engines when it
    and its operands are there and the one before has entered; it takes its values at the rate of the path, and its
    result is written ``PLAIN_LATENCY`` and the registers of the path later.
    """
    path, latency = elementwise.path, PLAIN_LATENCY + elementwise.path.latency
    port = MemoryPort(memory, issued=FIRST_REQUEST - 1.0)
    streams = [OperandStream(beats, FIRST_REQUEST) for beats in elementwise.stream_beats]
    leads = [0, *(operand.lead for operand in path.operands)]
    per_burst = [1, *(operand.bytes_per_value for operand in path.operands)]
    free, written, entries = free_from, -math.inf, list[float]()
    for index, values in enumerate(elementwise.bursts):
        needed = [(index + 1) * width for width in per_burst]
        _read(port, streams, needed)
        there = (
            stream.arrivals[min(count, stream.bursts) - 1] - lead
            for stream, count, lead in zip(streams, needed, leads, strict=True)
        )
        entries.append(max(free, *there))
        free = entries[-1] + ceil_div(values, path.values_per_cycle(elementwise.design.outputs_per_cycle))
        _hold(streams, per_burst, entries)
        written = max(written, free + latency - 1) + ceil_div(values, elementwise.design.bus_bytes)
    last_write = math.ceil(written)
    return PassTiming(math.ceil(entries[-1]), last_write, last_write + WRITE_RESPONSE + memory.write_latency)


def _read(port: MemoryPort, streams: list[OperandStream], needed: list[int]) -> None:
    """Ask for bursts, the streams in turn, until each stream has asked for as many as ``needed`` says."""
    while any(not stream.finished and stream.bursts < count for stream, count in zip(streams, needed, strict=True)):
        stream = next_stream(streams)
        assert stream is not None
        stream.request(port)


def _hold(streams: list[OperandStream], per_burst: list[int], entries: list[float]) -> None:
    """Keep the places of bursts for which there is no room before the engines until an earlier one has entered."""
    held = len(entries) - 1 + QUEUE_BURSTS
    for stream, width in zip(streams, per_burst, strict=True):
        for burst in range(held * width, (held + 1) * width):
            stream.hold(burst, entries[-1] + QUEUE_CYCLES)
