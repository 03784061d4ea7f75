"""The records of running programs. Frozen; made by sim, read by analysis."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from typing import NamedTuple

from nnasim.ir.program import Block, OpInfo, Program

# Longest call that is believed: about half an hour at 500 MHz. A program that runs longer is broken.
WATCHDOG_CYCLES = 10**12

# Reasons of stalls that more than one room speaks of.
OTHER_WORK = "other work on the CPU"  # the CPU works for somebody else
LATE_WEIGHTS = "weights not there yet"  # until the DMA has ended a transfer
NO_BUFFER = "no free weight buffer"  # until a compute block has given one back
FIRST_BYTE = "first byte from the DRAM"
SRAM_PORT = "SRAM port"
BUS = "CPU's reads on the DRAM bus"
FEW_BURSTS = "DMA's bursts in flight"  # the DRAM's bus was held back by the DMA's own rate
CPU_WEIGHTS = "weights from the DRAM"

_record = tuple.__new__  # half the time of Record(...), which a paper-sized frame needs 11,500 times


class Record(NamedTuple):
    """One interval of a block, in cycles: work on operation ``op``, or a stall with its ``reason``.

    ``op``: index into ``Program.ops``; ``track``: which of a block's parallel parts (DMA channel, SRAM port, reader of
    the DRAM); ``bytes``: moved in the interval. A tuple, since a paper-sized frame makes 8,000 of them: it is made,
    compared and hashed in a fraction of a data class's time.
    """

    block: Block
    track: int
    op: int
    start: int
    end: int
    bytes: int = 0
    reason: str = ""

    @property
    def is_stall(self) -> bool:
        """Whether the block waited."""
        return bool(self.reason)


class Repeat(NamedTuple):
    """Tiles that repeated the tiles before them: they are counted, and not recorded one by one.

    The ``cycles`` cycles from ``start`` on, recorded in ``recorded[first:last]``, came ``times`` times more, each
    ``cycles`` later than the one before; the records from ``last`` on then came later by all of them.
    """

    first: int
    last: int
    start: int
    cycles: int
    times: int


@dataclass(frozen=True)
class ProgramRun:
    """One execution of a program: its length in cycles, and its records, counted from its start.

    ``guests``: operations of the following call whose weights were fetched before it began; in records their indices
    follow those of the program's own. ``recorded``: the records without the ``repeats``, which are ascending and do not
    overlap. Two runs are equal if the same happened in them.
    """

    program: Program
    cycles: int
    recorded: tuple[Record, ...]
    guests: tuple[OpInfo, ...] = ()
    repeats: tuple[Repeat, ...] = ()

    @property
    def ops(self) -> tuple[OpInfo, ...]:
        """The operations that records name."""
        return self.program.ops + self.guests

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """All records, those of repeats too, in the order of the events; ``times`` has them without making them."""
        if not self.repeats:
            return self.recorded
        records, done, later = list[Record](), 0, 0
        for repeat in self.repeats:
            records += _later(self.recorded[done : repeat.last], later)
            period = self.recorded[repeat.first : repeat.last]
            for time in range(1, repeat.times + 1):
                records += _later(period, later + time * repeat.cycles)
            done, later = repeat.last, later + repeat.times * repeat.cycles
        return (*records, *_later(self.recorded[done:], later))

    def times(self) -> Iterator[tuple[Sequence[Record], int]]:
        """(records, how often they came), in parts that together are all that is recorded."""
        done = 0
        for repeat in self.repeats:
            yield self.recorded[done : repeat.first], 1
            yield self.recorded[repeat.first : repeat.last], 1 + repeat.times
            done = repeat.last
        yield self.recorded[done:], 1

    def counted(self, intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """``intervals`` of recorded cycles, as long as what they stand for: cycles of a repeat as often as they came.

        What each block does is the same in every time that a repeat came, at the same cycle of it. So the cycles in
        which blocks do something together, or one alone, are those of these intervals.
        """
        if not self.repeats:
            return list(intervals)
        starts = [repeat.start for repeat in self.repeats]
        later = [0, *accumulate(repeat.times * repeat.cycles for repeat in self.repeats)]

        @cache
        def count(cycle: int) -> int:
            before = bisect_right(starts, cycle)
            if not before:
                return cycle
            repeat = self.repeats[before - 1]
            return cycle + later[before - 1] + repeat.times * min(cycle - repeat.start, repeat.cycles)

        return [(count(start), count(end)) for start, end in intervals]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ProgramRun):
            return NotImplemented
        return (self.program, self.cycles, self.guests, self.records) == (
            other.program, other.cycles, other.guests, other.records,
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.cycles, self.guests, self.records))


def _later(records: Sequence[Record], cycles: int) -> Sequence[Record]:
    """``records``, ``cycles`` cycles later."""
    if not cycles:
        return records
    return [
        _record(Record, (block, track, op, start + cycles, end + cycles, bytes, reason))
        for block, track, op, start, end, bytes, reason in records
    ]


@dataclass(frozen=True, slots=True)
class Step:
    """One program of an utterance: not before cycle ``earliest``, on behalf of ``frames`` frames from ``frame`` on."""

    program: Program
    earliest: int
    frame: int
    frames: int = 1


@dataclass(frozen=True, slots=True)
class StepRun:
    """The time of a step, in cycles from the utterance's start, and its run."""

    step: Step
    start: int
    run: ProgramRun

    @property
    def end(self) -> int:
        """The cycle in which the step had ended."""
        return self.start + self.run.cycles
