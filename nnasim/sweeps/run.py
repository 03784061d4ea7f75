"""A sweep: points that are missing in the store are claimed, computed in batches, and stored as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from math import inf, nextafter
from typing import Any, Protocol, TypeVar

from nnasim.errors import FileError
from nnasim.progress import Progress, silent
from nnasim.sweeps.accuracy import Accuracies
from nnasim.sweeps.claims import Claims
from nnasim.sweeps.evaluate import Outcome
from nnasim.sweeps.job import Job, Values
from nnasim.sweeps.objectives import FALLBACK
from nnasim.sweeps.space import Space
from nnasim.sweeps.store import LATEST, Store, added_at, later_record
from nnasim.sweeps.stored_rows import study_digest

ItemT = TypeVar("ItemT")
Point = tuple[str, Values]
Batch = list[Point]

LARGEST_BATCH = 8
CLAIMED_AT_ONCE = 256
WAIT_SECONDS = 1.0


class Backend(Protocol):
    """The interface of a backend, which runs batches."""

    @property
    def workers(self) -> int:
        """The number of workers at a time."""
        ...

    def run(self, payload: str, batches: Iterator[Batch]) -> Iterator[list[Outcome]]:
        """The outcomes of every batch, as they come; ``batches`` is read only as far ahead as workers need."""
        ...

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """The future of ``function(*arguments)``."""
        ...

    def close(self, *, kill: bool = False) -> None:
        """End the workers; with ``kill`` at once, else when they have done what they are doing."""
        ...


@dataclass
class Tally:
    """The counts of a sweep. ``total``: points to go through, of which ``stored`` were in the store already.

    ``fell_back``: of those that ran well now, how many ran operations on the CPU because their chip has no unit for
    them. ``cpu_seconds``: of all workers; ``seconds``: wall time.
    """

    total: int
    stored: int = 0
    ok: int = 0
    failed: int = 0
    fell_back: int = 0
    cpu_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def done(self) -> int:
        """Points that need no more work."""
        return self.stored + self.ok + self.failed


def sweep_digest(job: Job) -> str:
    """The digest that names the sweep of ``job`` in a store."""
    return study_digest(job.spec.model_dump(mode="json", by_alias=True), job.base, job.trace_hashes, job.scored)


class Sweep:
    """One run of a job's points against one store. Interrupted, it loses the points in flight only."""

    def __init__(
        self,
        job: Job,
        store: Store,
        backend: Backend,
        accuracies: Accuracies | None = None,
        progress: Progress = silent,
    ) -> None:
        self.job, self.store, self.backend = job, store, backend
        self.accuracies, self.progress = accuracies, progress
        self.digest, self.payload = sweep_digest(job), job.payload()
        self.tally = Tally(0)

    def run(self, points: Callable[[], Iterable[Values]], total: int) -> Tally:
        """The count of points, after each of ``points()`` that the store lacked is computed.

        Points that another process claimed and did not finish before it died are computed too.
        """
        self.tally, begun = Tally(total), time.monotonic()
        claims = Claims(self.store)
        try:
            while self._pass(points, claims):
                time.sleep(WAIT_SECONDS)  # another process computes the rest; if it dies, they are ours
                self.tally.stored = 0
        finally:
            with suppress(FileError):  # on a full disk; what is not given back is free when this process is gone
                claims.release()
        self.tally.seconds = time.monotonic() - begun
        return self.tally

    def _pass(self, points: Callable[[], Iterable[Values]], claims: Claims) -> int:
        """Go through all points once; returns how many other processes have claimed."""
        elsewhere = 0
        computed = self.tally.ok + self.tally.failed

        def batches() -> Iterator[Batch]:
            nonlocal elsewhere
            for chunk in _chunks(points(), CLAIMED_AT_ONCE):
                keyed = {self.job.key(values): values for values in chunk}
                self.store.refuse_other_values(list(keyed))
                claimed = claims.take(list(keyed))
                done = len(self.store.done(list(keyed)))
                self.tally.stored += done
                elsewhere += len(keyed) - len(claimed) - done
                claims.beat()
                self._tell()
                yield from _chunks(self._scored(keyed, claimed), self._batch_size())

        self.tally.stored = -computed  # what this run stored is counted as ok or failed
        for outcomes in self.backend.run(self.payload, batches()):
            self._keep(outcomes)
            claims.beat()
        return elsewhere

    def _scored(self, keyed: dict[str, Values], claimed: set[str]) -> Iterator[Point]:
        """The points to simulate; one whose arithmetic cannot be scored is stored as failed at once."""
        for key, values in keyed.items():
            message = self.accuracies.message(values) if key in claimed and self.accuracies else None
            if message is not None:
                self._keep([Outcome(key=key, values=values, figures=None, message=message, seconds=0.0)])
            elif key in claimed:
                yield key, values

    def _tell(self) -> None:
        failed = self.tally.failed
        self.progress("points", self.tally.done, self.tally.total, f"{failed:,} failed" if failed else "")

    def _batch_size(self) -> int:
        """Points of a batch: so many that handing over costs little, so few that no worker is left alone at the end."""
        left = self.tally.total - self.tally.done
        return max(1, min(LARGEST_BATCH, left // (4 * self.backend.workers)))

    def _keep(self, outcomes: list[Outcome]) -> None:
        if self.accuracies:
            outcomes = [self.accuracies.joined(outcome) for outcome in outcomes]
        self.store.add(self.digest, outcomes)
        self.tally.failed += sum(outcome.figures is None for outcome in outcomes)
        self.tally.ok += sum(outcome.figures is not None for outcome in outcomes)
        self.tally.fell_back += sum(bool(outcome.figures and outcome.figures.get(FALLBACK)) for outcome in outcomes)
        self.tally.cpu_seconds += sum(outcome.seconds for outcome in outcomes)
        self._tell()


def sweep(
    job: Job,
    space: Space,
    store: Store,
    backend: Backend,
    *,
    shard: tuple[int, int] = (0, 1),
    accuracies: Accuracies | None = None,
    progress: Progress = silent,
) -> Tally:
    """The count of points, after those of ``space`` (or of its shard i of n) that ``store`` lacked are computed."""
    total = sum(1 for _ in space.points(shard))
    run = Sweep(job, store, backend, accuracies, progress)
    remember(store, run.digest, job, swept=True)
    return run.run(lambda: space.points(shard), total)


def remember(
    store: Store, digest: str, job: Job, *, swept: bool, date: Callable[[], float] = time.time
) -> None:  # fmt: skip
    """Put the sweep into the store with the time of this run, so that the one that ran last can be found.

    It is later than those of all runs before, also where the date was set back since, or was wrong in one of them.
    """
    there = store.sweeps()
    before = max(map(added_at, there.values()), default=0.0)
    record = {**sweep_record(job), "added": min(max(date(), nextafter(before, inf)), LATEST), "swept": swept}
    store.add_sweep(digest, later_record(there.get(digest), record))


def _chunks(items: Iterable[ItemT], size: int) -> Iterator[list[ItemT]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def sweep_record(job: Job) -> dict[str, object]:
    """The record of a sweep in a store: enough to name its points again and to show them."""
    return {
        "study": job.spec.model_dump(mode="json", by_alias=True),
        "base": job.base,
        "trace_hashes": list(job.trace_hashes),
        "traces": [str(trace.source.get("shape") or trace.source.get("recipe") or "trace") for trace in job.traces],
        "systems": [trace.system for trace in job.traces],
        "scored": job.scored,
        "name": job.name,
    }
