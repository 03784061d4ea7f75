"""Off-chip memory with banks and rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any

import simpy

from nnasim.hardware.drams.banked import BankedDram
from nnasim.hardware.drams.model import DramModel
from nnasim.sim.blocks.dram import Dram
from nnasim.sim.probe import Probe


class TurnDram(Dram):
    """Off-chip memory that serves its readers in turns, since a read's time depends on what was read before it.

    Timing law
        That of the model's ``Controller``. A turn is what of a read stands in rows that are open together; readers that
        wait take turns one after another. One event per turn.

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
        queued = 0
        for place, part in self.controller.turns(address, bytes):
            since = int(self.env.now)
            yield from self._take()
            begin = int(self.env.now)
            queued += begin - since
            turn = self.controller.serve(place, part, asked)
            end = max(begin, self.banked.cycles(turn.end))
            if end > begin:
                yield self.env.timeout(end - begin)
            self._record(reader, op, begin, end, part, turn.waits)
            self._give()
        return int(self.env.now) - queued

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

    def _record(
        self, reader: int, op: int, begin: int, end: int, bytes: int, waits: tuple[tuple[str, int], ...]
    ) -> None:
        """Waits first, then data for what is left; at least for as long as they take at the peak rate."""
        least = -(-bytes * self._cycles // self._bytes)
        for reason, picoseconds in waits:
            until = min(begin + self.banked.whole_cycles(picoseconds), max(begin, end - least))
            self.probe.stall("dram", reader, op, begin, until, reason)
            begin = until
        self.probe.busy("dram", reader, op, begin, end, bytes)


def dram_of(env: simpy.Environment, probe: Probe, model: DramModel) -> Dram:
    """The block for ``model``: one that takes turns where the model remembers what was read."""
    return TurnDram(env, probe, model) if isinstance(model, BankedDram) else Dram(env, probe, model)
