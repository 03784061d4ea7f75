"""The module that workers of ``ClusterBackend.local`` load to ignore Ctrl-C, which reaches all of a terminal."""

from __future__ import annotations

import signal


def dask_setup(_: object) -> None:
    """Ignore interrupts; the parent ends its workers. Dask calls this in the worker's main thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
