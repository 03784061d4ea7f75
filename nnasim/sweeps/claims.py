"""Who computes what: several processes fill one store without doing a point twice.

A process claims keys before it submits them. Claims are worth as much as their owner is alive: an owner of this machine
whose process is gone, and any owner that has not been heard of for ``STALE_SECONDS``, loses them.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Sequence

from nnasim.sweeps.store import Store

STALE_SECONDS = 60.0


class Claims:
    """The claims of this process on one store."""

    def __init__(self, store: Store) -> None:
        self.store, self.host, self.pid = store, socket.gethostname(), os.getpid()
        self.owner = f"{self.host}:{self.pid}:{uuid.uuid4().hex[:8]}"
        self.beat()

    def beat(self) -> None:
        """Say that this process lives."""
        row = (self.owner, self.host, self.pid, time.time())
        self.store.connection.execute("INSERT OR REPLACE INTO owners VALUES (?, ?, ?, ?)", row)

    def take(self, keys: Sequence[str]) -> set[str]:
        """The keys that are this process's to compute from now on: neither done nor claimed, by it or another one."""
        with self.store.transaction():
            self._bury()
            taken = self.store.done(keys) | self.store.claimed(keys)
            free = [key for key in keys if key not in taken]
            rows = [(key, self.owner) for key in free]
            self.store.connection.executemany("INSERT INTO claims VALUES (?, ?)", rows)
        return set(free)

    def release(self) -> None:
        """Give back what was claimed and not stored."""
        with self.store.transaction():
            self._drop(self.owner)

    def _bury(self) -> None:
        now = time.time()
        rows = self.store.connection.execute("SELECT owner, host, pid, beat FROM owners").fetchall()
        for owner, host, pid, beat in rows:
            gone = host == self.host and not _alive(pid)
            if owner != self.owner and (gone or now - beat > STALE_SECONDS):
                self._drop(owner)

    def _drop(self, owner: str) -> None:
        self.store.connection.execute("DELETE FROM claims WHERE owner = ?", (owner,))
        self.store.connection.execute("DELETE FROM owners WHERE owner = ?", (owner,))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
