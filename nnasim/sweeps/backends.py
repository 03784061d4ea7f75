"""The backend that computes the points of a sweep, chosen by its settings, and shards of the points."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from nnasim.errors import InputError
from nnasim.sweeps.locks import why_no_locks
from nnasim.sweeps.run import Backend


def backend_of(
    processes: int | None = None, *, scheduler: str | None = None, cluster_workers: int | None = None
) -> Backend:  # fmt: skip
    """The Dask cluster at the address ``scheduler``, else one of ``cluster_workers`` here, else ``processes`` here.

    If nothing is given, there is one process for each core, or none but this one where processes can share no locks.
    Raises InputError for a scheduler that cannot be reached.
    """
    if scheduler is None and cluster_workers is None:
        from nnasim.sweeps.local import InlineBackend, LocalBackend

        if (processes or 1) == 1 and why_no_locks() is not None:
            return InlineBackend()
        return LocalBackend(processes or os.cpu_count() or 1)
    from nnasim.sweeps.cluster import ClusterBackend

    if scheduler is not None:
        return ClusterBackend.connect(scheduler)
    return ClusterBackend.local(cluster_workers or 1)


@contextmanager
def closing(backend: Backend) -> Iterator[Backend]:
    """A context with ``backend``. Its workers end with the work, or at once if it is interrupted (by Ctrl-C, say)."""
    try:
        yield backend
    except BaseException:
        backend.close(kill=True)
        raise
    backend.close()


def parse_shard(text: str) -> tuple[int, int]:
    """ "2/4" as (1, 4): the second of four parts. Raises InputError for anything else."""
    first, slash, count = text.partition("/")
    if not (slash and first.isdecimal() and count.isdecimal() and len(text) < 20 and 1 <= int(first) <= int(count)):
        raise InputError("shard", "part", text, "must be I/N with 1 <= I <= N, such as 1/4")
    return int(first) - 1, int(count)
