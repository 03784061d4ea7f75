"""Off-chip memory with banks and rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any

import simpy

from nnasim.hardware.drams.banked import BankedDram
from nnasim.hardware.drams.controller import Turns
from nnasim.hardware.drams.model import DramModel
from nnasim.sim.blocks.dram import Dram
from nnasim.sim.probe import Probe
from nnasim.units import ceil_div


class TurnDram(Dram):
    """Off-chip memory that serves its readers in turns, since a read's time depends on what was read before it.

    Timing law
        That of the model's ``Controller``. A turn is the part of a read in rows that are open together; readers that
        wait take turns one after another. One event per turn; two per read, while there is one reader ``alone``.

    Busy and stalled
        Busy while data move at the peak rate. In a turn that takes longer the DRAM stalls first: for a row to open, a
        refresh, other software's traffic, the bus to turn around.

    Ports
        Those of ``Dram``.
    """

    def __init__(self, env: simpy.Environment, probe: Probe, model: BankedDram) -> None:
        super().__init__(env, probe, model)
        self.banked, self.controller = model, model.controller()
        self._taken = False
        self._waiting: deque[simpy.Event] = deque()

    def read(
        self, reader: int, op: int, bytes: int, address: int = 0, issued: int | None = None
    ) -> Generator[simpy.Event, Any, int]:
        """Move ``bytes`` bytes from ``address`` on for operation ``op``, one turn after another."""
        asked = self.banked.asked(int(self.env.now) if issued is None else issued, ahead=issued is None)
        if self.alone:
            yield from self._serve(reader, op, address, bytes, asked)
            return int(self.env.now)
        queued = 0
        for place, part in self.controller.turns(address, bytes):
            since = int(self.env.now)
            yield from self._take()
            queued += int(self.env.now) - since
            yield from self._serve(reader, op, place, part, asked)
            self._give()
        return int(self.env.now) - queued

    def _serve(self, reader: int, op: int, address: int, bytes: int, asked: int) -> Generator[simpy.Event, Any, None]:
        """Serve the turns of a part of a read, without another reader between them."""
        now = int(self.env.now)
        last, end = self._record(reader, op, now, self.controller.serve(address, bytes, asked))
        if last > now:  # so that the end has its place among the events of its cycle as if each turn had been one
            yield self.env.timeout(last - now)
        if end > last:
            yield self.env.timeout(end - last)

    def _take(self) -> Generator[simpy.Event, Any, None]:
        """Wait for the bus, behind those who wait already."""
        if self._taken:
            turn = self.env.event()
            self._waiting.append(turn)
            yield turn
        self._taken = True

    def _give(self) -> None:
        """Hand the bus to the next one who waits."""
        self._taken = bool(self._waiting)
        if self._waiting:
            self._waiting.popleft().succeed()

    def _record(self, reader: int, op: int, now: int, turns: Turns) -> tuple[int, int]:
        """Record ``turns`` from ``now`` on; returns when the last of them begins and when it ends.

        In each turn waits come first, then data for the rest; at least for as long as they take at the peak rate.
        """

        def end_of(place: int) -> int:
            return max(now, self.banked.cycles(turns.ends[place])) if place >= 0 else now

        since, bytes = now, 0  # since when data move, and the bytes before them
        for place, waits in turns.waits.items():
            begin, end, before = end_of(place - 1), end_of(place), turns.before[place]
            self.probe.busy("dram", reader, op, since, begin, before - bytes)
            data = max(begin, end - ceil_div((turns.before[place + 1] - before) * self._cycles, self._bytes))
            since, bytes = begin, before
            for picoseconds, reason in waits:
                until = min(since + self.banked.whole_cycles(picoseconds), data)
                self.probe.stall("dram", reader, op, since, until, reason)
                since = until
        number = len(turns.ends)
        self.probe.busy("dram", reader, op, since, end_of(number - 1), turns.before[-1] - bytes)
        return end_of(number - 2), end_of(number - 1)


def dram_of(env: simpy.Environment, probe: Probe, model: DramModel) -> Dram:
    """The block for ``model``: one that takes turns where the model remembers what was read."""
    return TurnDram(env, probe, model) if isinstance(model, BankedDram) else Dram(env, probe, model)
