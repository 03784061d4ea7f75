"""One channel of a DRAM: banks, data bus and refresh. Its earlier accesses decide how long a read takes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from nnasim.hardware.drams.mapping import Stretch
from nnasim.hardware.drams.timings import Timing

LONG_AGO = -(10**15)
REFRESH, ROW, TURN_AROUND = "refresh of the DRAM", "a row of the DRAM to open", "the DRAM's bus to turn around"


class Moved(NamedTuple):
    """The times at which the data of each stretch had crossed the bus [ps].

    ``waits``: index of a stretch that the bus had waited for -> (duration [ps], reason).
    """

    ends: list[int]
    waits: dict[int, tuple[int, str]]


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
        self.banks_served = self.misses = self.conflicts = self.refreshes = 0

    def serve(self, stretches: Sequence[Stretch], asked: int, write: bool = False) -> Moved:
        """Move the data of ``stretches``, asked for at ``asked`` [ps]; returns when they moved.

        Accesses to open rows follow each other at one pace, so that a stretch is one step, however long it is.
        """
        timing, rows, opened, may_close = self.timing, self._rows, self._opened, self._may_close
        spacing, access, tras, refresh_due = timing.spacing, timing.access, timing.tras, self._refresh_due
        latency = timing.tcwl if write else timing.tcl
        to_data = timing.trcd + latency  # of an opened row
        closes = access + timing.twr if write else timing.trtp - latency  # after the beginning of the last data
        turn, reason = (0, ROW) if write == self._wrote else (self._turn_around(write), TURN_AROUND)
        free, first_data = self.bus_free, asked + latency
        ends, waits = list[int](), dict[int, tuple[int, str]]()
        for banks, row, accesses in stretches:
            refreshed = free >= refresh_due or asked >= refresh_due
            if refreshed:
                self._refresh(asked if asked > free else free)
                refresh_due = self._refresh_due
            start = earliest = first_data if first_data > free else free
            if turn:
                start = max(start, free + turn)
            ahead = to_data  # of the data of access number n, the first to its bank: n accesses sooner
            for bank in banks:
                if rows[bank] != row:
                    self._open(bank, row, asked)
                ready = opened[bank] + ahead
                if ready > start:
                    start = ready
                ahead -= spacing
            last = start + (accesses - 1) * spacing
            for bank in banks:
                closed, ready = opened[bank] + tras, last + closes
                may_close[bank] = closed if closed > ready else ready
            if start > earliest:
                waits[len(ends)] = (start - earliest, REFRESH if refreshed else reason)
            free = last + access
            ends.append(free)
            turn, reason = 0, ROW
        self.banks_served += sum(map(len, (banks for banks, _, _ in stretches)))
        self.bus_free, self._wrote = free, write if ends else self._wrote
        return Moved(ends, waits)

    @property
    def hits(self) -> int:
        """The number of accesses to rows that were open."""
        return self.banks_served - self.misses - self.conflicts

    def _turn_around(self, write: bool) -> int:
        """The time for which the bus rests between data of two directions [ps]."""
        return self.timing.trtw if write else self.timing.twtr + self.timing.tcl

    def _open(self, bank: int, row: int, asked: int) -> None:
        """Open a row of ``bank`` as soon as the bank and the most recently opened rows allow it."""
        timing, openings, begin = self.timing, self._openings, asked
        if self._rows[bank] is None:
            self.misses += 1
            ready = self._may_open[bank]
        else:
            self.conflicts += 1
            closed = self._may_close[bank]
            ready = (asked if asked > closed else closed) + timing.trp
        if ready > begin:
            begin = ready
        if openings[-1] + timing.trrd > begin:
            begin = openings[-1] + timing.trrd
        if openings[0] + timing.tfaw > begin:
            begin = openings[0] + timing.tfaw
        openings.append(begin)
        self._rows[bank], self._opened[bank] = row, begin

    def _refresh(self, now: int) -> None:
        """Make the refreshes that are due at ``now``, at least one. Only the last of several has an effect."""
        timing = self.timing
        due = (now - self._refresh_due) // timing.trefi
        last = self._refresh_due + due * timing.trefi
        open_banks = [bank for bank, row in enumerate(self._rows) if row is not None]
        closed = max((self._may_close[bank] + timing.trp_all for bank in open_banks), default=LONG_AGO)
        begin = max(last, closed, *self._may_open)
        self._rows[:], self._may_open[:] = [None] * timing.banks, [begin + timing.trfc] * timing.banks
        self._refresh_due = last + timing.trefi
        self.refreshes += due + 1
