"""Claims on points: several processes fill one store without computing a point twice.

A process claims keys before it submits them. A claim is valid while its owner is alive: an owner on this machine whose
process is gone, and any owner without a sign of life for ``STALE_SECONDS``, loses its claims. Each process counts those
seconds itself, from when it last saw the owner's beat change, since the clocks of several machines differ and can be
set.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from math import inf, nextafter

from nnasim.sweeps.store import Store

STALE_SECONDS = 60.0
SKEW_SECONDS = 300.0
"""By how much clocks of several machines may differ. A beat that is farther off is not of a live process."""
_OWNERS = "SELECT owner, host, pid, beat FROM owners ORDER BY owner"


class Claims:
    """The claims of this process on one store.

    ``clock``: seconds that only ever grow; ``date``: seconds since 1970, which someone may set amid a run.
    """

    def __init__(
        self, store: Store, clock: Callable[[], float] = time.monotonic, date: Callable[[], float] = time.time
    ) -> None:
        self.store, self.clock, self.host, self.pid = store, clock, socket.gethostname(), os.getpid()
        self.date, self._last_beat = date, 0.0
        self.owner = f"{self.host}:{self.pid}:{uuid.uuid4().hex[:8]}"
        self._heard: dict[object, tuple[object, float]] = {}  # owner -> its last beat, and when it was first seen
        self.beat()

    def beat(self) -> None:
        """Note that this process lives: by a number that is not the last one, even if the date stands still."""
        beat = self.date()
        self._last_beat = nextafter(beat, inf) if beat == self._last_beat else beat
        row = (self.owner, self.host, self.pid, self._last_beat)
        self.store.database.run("INSERT OR REPLACE INTO owners VALUES (?, ?, ?, ?)", row)

    def take(self, keys: Sequence[str]) -> set[str]:
        """Those of ``keys`` that this process has now claimed: they were neither stored nor claimed by any process."""
        with self.store.transaction():
            self._bury()
            taken = self.store.done(keys) | self.store.claimed(keys)
            free = [key for key in keys if key not in taken]
            rows = [(key, self.owner) for key in free]
            self.store.database.run_each("INSERT INTO claims VALUES (?, ?)", rows)
        return set(free)

    def release(self) -> None:
        """Free this process's claims on points that are not stored."""
        with self.store.transaction():
            self._drop(self.owner)

    def _bury(self) -> None:
        for owner, host, pid, beat in list(self.store.database.in_order(_OWNERS)):
            if owner != self.owner and not self._lives(owner, host, pid, beat):
                self._drop(owner)
        self.store.database.run("DELETE FROM claims WHERE owner NOT IN (SELECT owner FROM owners)")

    def _lives(self, owner: object, host: object, pid: object, beat: object) -> bool:
        if not isinstance(beat, float) or not isinstance(pid, int) or pid < 1:
            return False  # no process of ours wrote that
        if host == self.host:
            if not _alive(pid):
                return False
        elif not -STALE_SECONDS - SKEW_SECONDS <= beat - self.date() <= SKEW_SECONDS:
            return False
        last, since = self._heard.get(owner, (None, 0.0))
        if last != beat:
            self._heard[owner] = beat, self.clock()
            return True
        return self.clock() - since <= STALE_SECONDS

    def _drop(self, owner: object) -> None:
        self.store.database.run("DELETE FROM claims WHERE owner = ?", (owner,))
        self.store.database.run("DELETE FROM owners WHERE owner = ?", (owner,))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
