"""The critical path of one program: which block's end let the next begin, from its last cycle back to its first.

The path is found by a walk over the records of a run, backwards in time. A record that ends now is a segment of the
path, and the walk continues where it began. A stall in which a block waited for another one is not a segment: the walk
steps over to the work of the other block, which may have begun long before the wait did. So segments never overlap, and
add up to the run's cycles.

Tiles in step are walked as they were run. If the walk comes to a record at the same cycle within it as some repetitions
before, and nothing but these repetitions ends around it, it takes the same way again as long as they last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from nnasim.analysis.endings import Ended, Endings
from nnasim.ir.run import FIRST_BYTE, LATE_WEIGHTS, NO_BUFFER, ProgramRun, Record


class Segment(NamedTuple):
    """Cycles [``start``, ``end``) of the path: those of ``record``; None if nothing was recorded.

    For a record that came several times, ``record`` is the first one, and start and end are those of this repetition.
    """

    start: int
    end: int
    record: Record | None


class Lap(NamedTuple):
    """``segments`` of the path in order, in cycles of the last time, and how many ``times`` they came in a row."""

    segments: tuple[Segment, ...]
    times: int


def critical_path(run: ProgramRun) -> list[Lap]:
    """The path of ``run`` in order; its segments, each as often as it came, are [0, ``run.cycles``)."""
    walk = _Walk(run)
    while walk.now > 0:
        walk.step()
    walk.end_lap(0, 1)
    return walk.laps[::-1]


class _Seen(NamedTuple):
    """The state of the walk when it came to a record: the cycle, and the segments after it."""

    now: int
    segments: int


class _Walk:
    """The walk at cycle ``now``, with the ``laps``, and the ``segments`` of the current one, after it, the last first.

    ``after``: the record whose start was made possible by the end that is looked for; None at the end, and if nothing
    is recorded.
    """

    def __init__(self, run: ProgramRun) -> None:
        self.now = run.cycles
        self.after: Ended | None = None
        self.laps, self.segments = list[Lap](), list[Segment]()
        self._endings = Endings(run)
        self._seen: dict[tuple[int, int], _Seen] = {}

    def step(self) -> None:
        """Continue to the record that let ``after`` begin, or over a time in which nothing was recorded."""
        ending = self._endings.at(self.now)
        ended = _before(ending, self.after)
        if ended is None:
            self._go_to(self._endings.last_before(self.now), None)
            self.after = None
            return
        self.after = ended
        if not _waits_for_another(ended.record) or _before(ending, ended) is None:
            self._go_to(max(0, ended.record.start + ended.later), ended.record)
            self._leave_out(ended)

    def _go_to(self, cycle: int, record: Record | None) -> None:
        self.segments.append(Segment(cycle, self.now, record))
        self.now = cycle

    def _leave_out(self, ended: Ended) -> None:
        """Go back over all times of which the last is behind the walk, if it was at this place of one before."""
        room = self._endings.alike_back_to(self.now, ended)
        if room is None:
            self._seen.clear()
            return
        place = (id(ended.record), self.now - ended.later)
        seen = self._seen.setdefault(place, _Seen(self.now, len(self.segments)))
        period = seen.now - self.now
        times = (self.now - room - 1) // period if period else 0
        if times > 0:
            self.end_lap(seen.segments, 1 + times)
            self.now -= times * period
            self.after = Ended(ended.record, ended.later - times * period, ended.part)
            self._seen.clear()

    def end_lap(self, first: int, times: int) -> None:
        """Note that the segments from ``first`` on came ``times`` times, and those before them once."""
        for segments, count in ((self.segments[:first], 1), (self.segments[first:], times)):
            if segments:
                self.laps.append(Lap(tuple(reversed(segments)), count))
        self.segments = []


def _waits_for_another(record: Record) -> bool:
    return record.reason in (LATE_WEIGHTS, NO_BUFFER)


Test = Callable[[Record, Record], bool]
"""Whether the first record can have let the second one begin."""


def _before(candidates: Sequence[Ended], after: Ended | None) -> Ended | None:
    """The one of ``candidates``, all of which end now, that let ``after`` begin; None if none of them can have.

    If ``after`` is a wait for another block, it is that block's record, which ends with the wait. Of several, it is the
    first of the kind that comes first; of equals, the one that was recorded last.
    """
    for test in _AT_THE_END if after is None else _tests(after.record):
        for ended in reversed(candidates):
            if not _is(ended, after) and test(ended.record, (after or ended).record):
                return ended
    return None


def _is(ended: Ended, other: Ended | None) -> bool:
    return other is not None and ended.record is other.record and ended.later == other.later


def _tests(after: Record) -> Sequence[Test]:
    if after.reason == LATE_WEIGHTS:
        return _BEFORE_LATE_WEIGHTS
    if after.reason == NO_BUFFER:
        return _BEFORE_BUFFER
    if after.block != "dma":
        return _BEFORE_COMMAND
    if after.reason == FIRST_BYTE:
        return _BEFORE_LATENCY
    return _BEFORE_TAIL if after.reason else _BEFORE_DATA


def _moves_data(record: Record, _: Record) -> bool:
    return record.block == "dma" and record.reason not in (FIRST_BYTE, NO_BUFFER)


def _computes(record: Record, _: Record) -> bool:
    """Whether a command was executed."""
    return record.block != "dma" and record.reason != LATE_WEIGHTS


def _own(record: Record, after: Record) -> bool:
    """Whether both are of one operation on one part of a block."""
    return record.op == after.op and record.block == after.block and record.track == after.track


_AT_THE_END: Sequence[Test] = (_computes, _moves_data, lambda record, after: True)
_BEFORE_COMMAND: Sequence[Test] = (_own, _computes, lambda record, after: True)
_BEFORE_LATE_WEIGHTS: Sequence[Test] = (
    lambda record, after: _moves_data(record, after) and record.op == after.op,
    _moves_data,
    lambda record, after: record.reason == FIRST_BYTE,
)
_BEFORE_BUFFER: Sequence[Test] = (_computes,)
# A transfer is issued when a buffer is free, or its channel.
_BEFORE_LATENCY: Sequence[Test] = (
    lambda record, after: _own(record, after) and record.reason == NO_BUFFER,
    lambda record, after: _moves_data(record, after) and record.track == after.track,
    _moves_data,
    lambda record, after: True,
)
# Its data come when the data of the transfer before have ended, or its own first byte is there.
_BEFORE_DATA: Sequence[Test] = (
    _moves_data,
    lambda record, after: _own(record, after) and record.reason == FIRST_BYTE,
    lambda record, after: record.block == "dma",
    lambda record, after: True,
)
# What follows a transfer's data, as a wait for the SRAM's port, follows them.
_BEFORE_TAIL: Sequence[Test] = (_own, _moves_data, lambda record, after: True)
