"""Loaded by the workers of ``ClusterBackend.local``: Ctrl-C reaches all of a terminal, and the parent answers it."""

from __future__ import annotations

import signal


def dask_setup(_: object) -> None:
    """Ignore interrupts; the parent ends its workers. Dask calls this in the worker's main thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
