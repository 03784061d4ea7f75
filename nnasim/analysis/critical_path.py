"""The critical path of one program: which block's end let the next begin, from its last cycle back to its first.

A walk over the records of a run, backwards in time. A record that ends now is a segment of the path, and the walk goes
on where it began. A stall in which a block waited for another one is none: the walk steps over to what the other one
was doing, which may have begun long before the wait did. So segments never overlap, and add up to the run's cycles.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from nnasim.ir.program import Block
from nnasim.ir.run import FIRST_BYTE, LATE_WEIGHTS, NO_BUFFER, ProgramRun, Record

SERVANTS: tuple[Block, ...] = ("dram", "sram")
"""Blocks that only work for others, in records of whom their time stands."""


class Segment(NamedTuple):
    """Cycles [``start``, ``end``) of the path: those of ``record``; None where nothing was recorded."""

    start: int
    end: int
    record: Record | None


def critical_path(run: ProgramRun) -> list[Segment]:
    """The segments of ``run`` in order; together they are [0, ``run.cycles``)."""
    ending = _by_end(run.records)
    moments = sorted(ending)
    segments: list[Segment] = []
    now, after = run.cycles, None
    while now > 0:
        record = _before(ending.get(now, ()), after)
        if record is None:
            previous = _last_before(moments, now)
            segments.append(Segment(previous, now, None))
            now, after = previous, None
            continue
        after = record
        if _waits_for_another(record) and _before(ending[now], record) is not None:
            continue
        start = max(0, record.start)
        segments.append(Segment(start, now, record))
        now = start
    return segments[::-1]


def _by_end(records: Sequence[Record]) -> dict[int, list[Record]]:
    """What blocks did, by the cycle in which it ended."""
    ending: dict[int, list[Record]] = {}
    for record in records:
        if record.end > record.start and record.block not in SERVANTS:
            ending.setdefault(record.end, []).append(record)
    return ending


def _last_before(moments: Sequence[int], now: int) -> int:
    place = bisect_left(moments, now)
    return max(0, moments[place - 1]) if place else 0


def _waits_for_another(record: Record) -> bool:
    return record.reason in (LATE_WEIGHTS, NO_BUFFER)


Test = Callable[[Record, Record], bool]
"""Whether a record, the first, can have let another one begin."""


def _before(candidates: Sequence[Record], after: Record | None) -> Record | None:
    """Which of ``candidates``, all of which end now, let ``after`` begin; None if none of them can have.

    Where ``after`` is a wait for another block, that block's record, which ends with the wait. Of several the first of
    the kind that comes first; of equals the one that was recorded last.
    """
    for test in _AT_THE_END if after is None else _tests(after):
        for record in reversed(candidates):
            if record is not after and test(record, after or record):
                return record
    return None


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
