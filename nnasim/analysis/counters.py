"""The occupancy of the SRAM and the use of the DRAM during one frame, as samples over time."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence

from nnasim.analysis.timeline import representative_frame
from nnasim.ir.result import CounterSamples
from nnasim.ir.run import ProgramRun, StepRun
from nnasim.units import ceil_div

WINDOWS = 500  # samples of one counter: more than a screen shows, and few beside the spans


def frame_counters(
    runs: Sequence[StepRun], lasting_bytes: int, buffer_bytes: int, clock_hz: float
) -> tuple[CounterSamples, ...]:
    """Counters of the representative frame, from its first operation: one sample per window of equal length.

    ``lasting_bytes``: SRAM that is occupied all the time (working set and resident weights); ``buffer_bytes``: size of
    a weight buffer. SRAM occupancy is a window's largest value in bytes, DRAM bandwidth its mean in bytes per second.
    """
    frame = representative_frame(runs)
    chosen = [run for run in runs if run.step.frame == frame]
    origin, end = chosen[0].start, chosen[-1].end
    width = max(1, ceil_div(end - origin, WINDOWS))
    count = max(1, ceil_div(end - origin, width))
    occupied = [lasting_bytes] * count
    moved = [0.0] * count
    for run in chosen:
        offset = run.start - origin
        _raise_by_buffers(occupied, run.run, offset, width, lasting_bytes, buffer_bytes)
        for record in run.run.records:
            if record.block == "dram":
                _spread(moved, record.start + offset, record.end + offset, record.bytes, width)
    seconds = width / clock_hz
    return (
        _samples("sram occupancy", "byte", width, [float(value) for value in occupied]),
        _samples("dram bandwidth", "byte/s", width, [bytes / seconds for bytes in moved]),
    )


def _samples(name: str, unit: str, width: int, values: list[float]) -> CounterSamples:
    """The windows at which the value changes."""
    changes = [index for index, value in enumerate(values) if index == 0 or value != values[index - 1]]
    return CounterSamples(
        name=name, unit=unit, cycle=tuple(index * width for index in changes), value=tuple(values[i] for i in changes)
    )


def _raise_by_buffers(
    occupied: list[int], run: ProgramRun, offset: int, width: int, lasting: int, buffer_bytes: int
) -> None:
    """Raise each window of ``occupied`` to at least the bytes that are in SRAM at any time in it."""
    changes: dict[int, int] = defaultdict(int)
    for start, end in buffer_intervals(run):
        changes[start] += buffer_bytes
        changes[end] -= buffer_bytes
    now, since = lasting, 0
    for cycle in sorted(changes):
        end = min(len(occupied), (cycle + offset - 1) // width + 1) if cycle > since else 0
        for window in range((since + offset) // width, end):
            occupied[window] = max(occupied[window], now)
        now, since = now + changes[cycle], cycle


def buffer_intervals(run: ProgramRun) -> Iterator[tuple[int, int]]:
    """The interval [from, to) in cycles of each use of a weight buffer: from its transfer's first byte to the end of
    the work on it.

    Transfers and tiles of one operation are matched in order. Weights that were fetched before the call began are in
    the buffer from its start, and those fetched for the next call until its end.
    """
    if run.program.graph == "boot":  # fills resident SRAM, without buffers
        return
    transfers: dict[int, deque[int]] = defaultdict(deque)
    for record in run.records:
        if record.block == "dma" and not record.is_stall:
            transfers[record.op].append(record.start)
    own = len(run.program.ops)
    streams = {transfer.op for transfer in run.program.transfers}
    ends: dict[int, deque[int]] = defaultdict(deque)
    for record in run.records:
        if record.block in ("mac_array", "activation_unit") and not record.is_stall and record.op in streams:
            ends[record.op].append(record.end)
    for op, done in ends.items():
        starts = transfers[op]
        starts.extendleft([0] * (len(done) - len(starts)))
        yield from zip(starts, done, strict=True)
    for op, starts in transfers.items():
        yield from ((start, max(start, run.cycles)) for start in starts if op >= own)


def _spread(moved: list[float], start: int, end: int, bytes: int, width: int) -> None:
    """Add ``bytes``, moved evenly from ``start`` to ``end``, to those windows that they fall into."""
    for window in range(start // width, min(len(moved), (max(start + 1, end) - 1) // width + 1)):
        inside = min(end, (window + 1) * width) - max(start, window * width)
        moved[window] += bytes * inside / (end - start) if end > start else bytes
