"""The parts of a study, run in parallel on this machine's cores: each is one call with a name for its result."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping
from concurrent.futures import Future, as_completed
from functools import partial
from typing import Any, TypeVar

from nnasim.errors import NnasimError
from nnasim.progress import Progress, silent

KeyT = TypeVar("KeyT", bound=Hashable)
Call = partial[Any]


def computed(
    parts: Mapping[KeyT, Call], jobs: int, what: str = "parts", progress: Progress = silent
) -> dict[KeyT, Any]:
    """The result of each part, in the order of ``parts``, whichever finished first. ``progress`` is told of each
    finished part of ``what``.

    Raises NnasimError with the message of the first part that failed.
    """
    results: dict[KeyT, Any] = {}
    progress(what, 0, len(parts))
    if jobs == 1:
        for done, (name, call) in enumerate(parts.items(), start=1):
            results[name] = call()
            progress(what, done, len(parts))
        return results
    return _in_workers(parts, jobs, what, progress)


def _in_workers(parts: Mapping[KeyT, Call], jobs: int, what: str, progress: Progress) -> dict[KeyT, Any]:
    from nnasim.sweeps.local import LocalBackend

    # loky replaces a worker that has grown, which is as it should be, and warns of it.
    warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
    backend, finished = LocalBackend(min(jobs, len(parts))), False
    try:
        futures: dict[Future[Any], KeyT] = {backend.submit(tried, call): name for name, call in parts.items()}
        results = {}
        for done, future in enumerate(as_completed(futures), start=1):
            result, complaint = future.result()
            if complaint is not None:
                raise NnasimError(complaint)
            results[futures[future]] = result
            progress(what, done, len(parts))
        finished = True
    finally:
        backend.close(kill=not finished)
    return {name: results[name] for name in parts}


def tried(call: Call) -> tuple[Any, str | None]:
    """The result of ``call``, or its complaint as text: our errors cannot be passed between processes."""
    try:
        return call(), None
    except NnasimError as error:
        return None, str(error)
