"""One channel of a DRAM: its banks, its data bus, its refresh. What it was last asked decides how long a read takes."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from nnasim.hardware.drams.mapping import Stretch
from nnasim.hardware.drams.timings import Timing

LONG_AGO = -(10**15)
REFRESH, ROW, TURN_AROUND = "refresh of the DRAM", "a row of the DRAM to open", "the DRAM's bus to turn around"


class Served(NamedTuple):
    """When the data of a stretch were on the bus [ps], how long the bus had waited for them before, and for what."""

    end: int
    waited: int
    reason: str


class Channel:
    """Stretches in the order in which they are asked, each as early as banks, bus and refresh allow.

    Rows stay open until another row of their bank is asked for, or a refresh. A row is opened as soon as its stretch
    has been asked for, while the data of those before it are on the bus. All banks are refreshed together, at the end
    of the stretch that is on the bus when a refresh is due.
    """

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self._rows: list[int | None] = [None] * timing.banks
        self._opened = [LONG_AGO] * timing.banks  # when the bank's row was opened
        self._may_close = [LONG_AGO] * timing.banks
        self._may_open = [LONG_AGO] * timing.banks  # where the bank is closed
        self._openings: deque[int] = deque([LONG_AGO] * 4, 4)
        self._wrote = False
        self._refresh_due = timing.trefi
        self.bus_free = 0
        self.hits = self.misses = self.conflicts = self.refreshes = 0

    def serve(self, stretch: Stretch, asked: int, write: bool = False) -> Served:
        """Move the data of ``stretch``, asked for at ``asked`` [ps]: when its first command can be given."""
        timing = self.timing
        free, arrived = self.bus_free, max(asked, self.bus_free)
        refreshed = self._refresh(arrived)
        latency = timing.tcwl if write else timing.tcl
        start = max(asked + latency, free + self._turn_around(write))
        for place, bank in enumerate(stretch.banks):  # access number ``place`` is the first to its bank
            ready = self._open(bank, stretch.row, asked) + latency - place * timing.spacing
            start = ready if ready > start else start
        last = start + (stretch.accesses - 1) * timing.spacing
        closing = last + timing.access + timing.twr if write else last - latency + timing.trtp
        for bank in stretch.banks:
            self._may_close[bank] = max(self._opened[bank] + timing.tras, closing)
        reason = REFRESH if refreshed else ROW if write == self._wrote else TURN_AROUND
        self.bus_free, self._wrote = last + timing.access, write
        return Served(self.bus_free, start - max(free, asked + latency), reason)

    def _turn_around(self, write: bool) -> int:
        """For how long the bus rests between data of two directions."""
        if write == self._wrote:
            return 0
        return self.timing.trtw if write else self.timing.twtr + self.timing.tcl

    def _open(self, bank: int, row: int, asked: int) -> int:
        """When the row of ``bank`` can be read or written."""
        timing = self.timing
        if self._rows[bank] == row:
            self.hits += 1
            return self._opened[bank] + timing.trcd
        if self._rows[bank] is None:
            self.misses += 1
            ready = self._may_open[bank]
        else:
            self.conflicts += 1
            ready = max(asked, self._may_close[bank]) + timing.trp
        opened = max(asked, ready, self._openings[-1] + timing.trrd, self._openings[0] + timing.tfaw)
        self._openings.append(opened)
        self._rows[bank], self._opened[bank] = row, opened
        return opened + timing.trcd

    def _refresh(self, now: int) -> bool:
        """Make the refreshes that are due at ``now``; whether there were any. Only the last of several is felt."""
        timing = self.timing
        if now < self._refresh_due:
            return False
        due = (now - self._refresh_due) // timing.trefi
        last = self._refresh_due + due * timing.trefi
        open_banks = [bank for bank, row in enumerate(self._rows) if row is not None]
        closed = max((self._may_close[bank] + timing.trp_all for bank in open_banks), default=LONG_AGO)
        begin = max(last, closed, *self._may_open)
        for bank in range(timing.banks):
            self._rows[bank], self._may_open[bank] = None, begin + timing.trfc
        self._refresh_due = last + timing.trefi
        self.refreshes += due + 1
        return True
