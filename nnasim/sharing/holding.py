"""What a call holds, chip and CPU each for as long as it works for it, and who may go ahead of whom."""

from __future__ import annotations

from typing import NamedTuple

from nnasim.ir.program import HostCommand
from nnasim.ir.run import ProgramRun


class Holding(NamedTuple):
    """Cycles from a call's start for which it holds ``chip`` and ``host``; 0 for what it does not need."""

    chip: int
    host: int

    def later(self, cycles: int) -> Holding:
        """The same of a call that begins so much later, and holds meanwhile what it needs."""
        return Holding(*(held and held + cycles for held in self))


FREE_AT_ONCE = Holding(0, 0)


def holding_of(run: ProgramRun) -> Holding:
    """What ``run`` holds.

    A call whose work is on the CPU alone leaves the chip to others, unless it reads the DRAM, whose bus they share.
    Any other call holds the chip until it ends, and the CPU until its last work there is done.
    """
    host = max((record.end for record in run.records if record.block == "host"), default=0)
    reads = any(isinstance(command, HostCommand) and command.dram_bytes for command in run.program.commands)
    if reads:
        return Holding(run.cycles, run.cycles)
    if all(record.block == "host" for record in run.records):
        return Holding(0, run.cycles)
    return Holding(run.cycles, host)


class Turns:
    """Who may begin now, asked in the order of a policy.

    A call begins where all that it needs is free. One that must wait lays claim to what it needs from the cycle on in
    which it can begin: whoever comes behind it in the order may use that until then, and only who has done by then
    begins. So chip and CPU work side by side, and nobody waits for a call that a policy puts behind.
    """

    def __init__(self, now: int, free: Holding) -> None:
        self._now, self._free = now, free
        self._claims: list[int | None] = [None, None]

    def may_begin(self, holding: Holding) -> bool:
        """Whether a call that holds so much may begin now; else it has laid its claim."""
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
