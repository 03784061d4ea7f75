"""The blocks that a call holds, chip and CPU each for as long as it works for the call, and the calls that may go
ahead.
"""

from __future__ import annotations

from typing import NamedTuple

from nnasim.ir.program import HostCommand
from nnasim.ir.run import ProgramRun


class Holding(NamedTuple):
    """The cycles from a call's start for which it holds ``chip`` and ``host``; 0 for one that it does not need."""

    chip: int
    host: int

    def later(self, cycles: int) -> Holding:
        """The holding of a call that begins this many ``cycles`` later, and in the meantime holds what it needs."""
        return Holding(*(held and held + cycles for held in self))


FREE_AT_ONCE = Holding(0, 0)


def holding_of(run: ProgramRun) -> Holding:
    """The holding of ``run``.

    A call whose work is on the CPU alone leaves the chip to others, unless it reads the DRAM, whose bus they share. Any
    other call holds the chip until it ends, and the CPU until its last work there is done.
    """
    host = max((record.end for record in run.records if record.block == "host"), default=0)
    reads = any(isinstance(command, HostCommand) and command.dram_bytes for command in run.program.commands)
    if reads:
        return Holding(run.cycles, run.cycles)
    if all(record.block == "host" for record in run.records):
        return Holding(0, run.cycles)
    return Holding(run.cycles, host)


class Turns:
    """The calls that may begin now, asked for in the order of a policy.

    A call begins if everything that it needs is free. One that must wait reserves what it needs from the cycle in which
    it can begin. A call that comes after it in the order may use that until then, and begins only if it is done by
    then. So chip and CPU work in parallel, and no call waits for one that the policy puts after it.
    """

    def __init__(self, now: int, free: Holding) -> None:
        self._now, self._free = now, free
        self._claims: list[int | None] = [None, None]

    def may_begin(self, holding: Holding) -> bool:
        """Whether a call that holds so much may begin now. If not, what it needs is reserved for it."""
        needed = [place for place, held in enumerate(holding) if held]
        start = max((self._free[place] for place in needed), default=self._now)
        if start <= self._now:
            return all(self._has_done(holding[place], self._claims[place]) for place in needed)
        for place in needed:
            claim = self._claims[place]
            self._claims[place] = start if claim is None else min(claim, start)
        return False

    def _has_done(self, held: int, claim: int | None) -> bool:
        return claim is None or self._now + held <= claim
