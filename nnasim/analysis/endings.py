"""The records that end at a cycle of a run, including repeated tiles that have no record of their own."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from nnasim.ir.program import Block
from nnasim.ir.run import ProgramRun, Record

SERVANTS: tuple[Block, ...] = ("dram", "sram")
"""Blocks that only work for others, whose records contain their time."""


class Ended(NamedTuple):
    """A ``record`` that ended ``later`` cycles after it was recorded; ``part``: the part of the run that has it."""

    record: Record
    later: int
    part: int


class _Part:
    """Records of blocks that work for themselves: they came first ``later``, then so many ``times``, ``cycles`` apart.

    ``first`` and ``last``: the cycles in which the first and the last of them end.
    """

    def __init__(self, records: Sequence[Record], later: int, times: int, cycles: int) -> None:
        self.later, self.times, self.cycles = later, times, cycles
        self.ending: dict[int, list[Record]] = {}
        for record in records:
            if record.end > record.start and record.block not in SERVANTS:
                self.ending.setdefault(record.end, []).append(record)
        self.moments = sorted(self.ending)
        self.latest = later + (times - 1) * cycles
        if self.moments:
            self.first, self.last = self.moments[0] + later, self.moments[-1] + self.latest

    def delays(self, now: int) -> range:
        """The delays, ascending, of those repetitions that have anything that may end ``now``."""
        if not self.cycles:
            return range(self.later, self.later + 1)
        begun = max(0, -(-(now - self.moments[-1] - self.later) // self.cycles))
        ended = min(self.times - 1, (now - self.moments[0] - self.later) // self.cycles)
        return range(self.later + begun * self.cycles, self.later + ended * self.cycles + 1, self.cycles)

    def last_before(self, now: int) -> int:
        """The last cycle before ``now`` in which anything of it ends; 0 if nothing does."""
        last = 0
        for later in self.delays(now - 1):
            place = bisect_left(self.moments, now - later)
            last = max(last, self.moments[place - 1] + later if place else 0)
        return last


class Endings:
    """The records of ``run`` that end in each cycle, in the order of recording; asked for in descending cycles."""

    def __init__(self, run: ProgramRun) -> None:
        self._parts = [part for part in _parts(run) if part.moments]
        self._to_come = sorted(range(len(self._parts)), key=lambda place: self._parts[place].last)
        self._around: list[int] = []
        self._known: tuple[int, list[Ended]] = (-1, [])
        ends = [part.last for part in self._parts]
        self._ended_before = [-1, *accumulate(ends, max)]
        begins = [part.first for part in reversed(self._parts)]
        self._ends_after = [*list(accumulate(begins, min))[::-1][1:], run.cycles + 1]

    def at(self, now: int) -> list[Ended]:
        """The records that end ``now``."""
        if self._known[0] != now:
            self._known = (now, list(self._at(now)))
        return self._known[1]

    def _at(self, now: int) -> Iterator[Ended]:
        while self._to_come and self._parts[self._to_come[-1]].last >= now:
            self._around = sorted([*self._around, self._to_come.pop()])
        self._around = [place for place in self._around if self._parts[place].first <= now]
        for place in self._around:
            part = self._parts[place]
            for later in part.delays(now):
                for record in part.ending.get(now - later, ()):
                    yield Ended(record, later, place)

    def last_before(self, now: int) -> int:
        """The last cycle before ``now`` in which anything ends; 0 if nothing does."""
        return max((part.last_before(now) for part in self._parts if part.first < now), default=0)

    def alike_back_to(self, now: int, ended: Ended) -> int | None:
        """The cycle down to which, from ``now``, the same records end in each repetition of the part that ``ended``
        belongs to.

        None at the first and the last repetitions of that part, and if a record outside of it ends ``now`` too.
        """
        part = self._parts[ended.part]
        if part.times == 1:
            return None
        room = max(self._ended_before[ended.part], part.later - part.cycles + part.moments[-1])
        until = min(self._ends_after[ended.part], part.latest + part.cycles + part.moments[0])
        return room if room < now < until else None


def _parts(run: ProgramRun) -> Iterator[_Part]:
    done, later = 0, 0
    for repeat in run.repeats:
        yield _Part(run.recorded[done : repeat.first], later, 1, 0)
        yield _Part(run.recorded[repeat.first : repeat.last], later, 1 + repeat.times, repeat.cycles)
        done, later = repeat.last, later + repeat.times * repeat.cycles
    yield _Part(run.recorded[done:], later, 1, 0)
