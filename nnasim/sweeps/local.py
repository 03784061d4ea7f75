"""Workers of this machine: joblib's process pool (loky). They end within seconds after their parent is killed."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from nnasim.errors import SimulationError
from nnasim.sweeps.evaluate import Outcome, run_batch
from nnasim.sweeps.locks import refuse_no_locks
from nnasim.sweeps.parent import die_with_parent
from nnasim.sweeps.run import Batch
from nnasim.sweeps.threads import Threads

AHEAD = 2  # batches waiting for each worker
MOST_DEATHS = 3
IDLE_SECONDS = 300
LOOK_SECONDS = 5


class LocalBackend:
    """``workers`` processes of this machine. The job's payload is handed over once per worker, by the initializer."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._executor: Any = None
        self._threads = Threads()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run ``function`` in a worker."""
        future: Future[Any] = self._pool(None).submit(function, *arguments)
        return self._threads.watch(future)

    def run(self, payload: str, batches: Iterator[Batch]) -> Iterator[list[Outcome]]:
        """The outcomes of every batch, as they come. A batch whose worker dies is tried again, point by point.

        Raises SimulationError if workers keep dying on one point.
        """
        again: deque[tuple[Batch, int]] = deque()
        flying: dict[Future[list[Outcome]], tuple[Batch, int]] = {}
        try:
            while True:
                self._launch(payload, batches, again, flying)
                if not flying:
                    return
                done = wait(flying, LOOK_SECONDS, FIRST_COMPLETED).done
                if not done:
                    self._refuse_lost_manager()
                for future in done:
                    batch, deaths = flying.pop(future)
                    try:
                        yield future.result()
                    except BrokenProcessPool:
                        again.extend(_retry(batch, deaths))
        finally:
            for future in flying:
                future.cancel()

    def close(self, *, kill: bool = False) -> None:
        """End the workers; with ``kill`` at once, else when they have done what they are doing."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=kill)
        self._threads.leave()

    def _refuse_lost_manager(self) -> None:
        """Raise MemoryError if the thread has ended that hands out work and results: no future would ever end.

        It ends so where not even the error of a thread finds memory, so that ``Threads`` is not told.
        """
        manager = getattr(self._executor, "_executor_manager_thread", None)
        if manager is not None and not manager.is_alive():
            raise MemoryError("the workers' thread has ended")

    def _launch(
        self, payload: str, batches: Iterator[Batch], again: deque[tuple[Batch, int]],
        flying: dict[Future[list[Outcome]], tuple[Batch, int]],
    ) -> None:  # fmt: skip
        while len(flying) < AHEAD * self.workers:
            batch, deaths = again.popleft() if again else (next(batches, None), 0)
            if batch is None:
                return
            try:
                future = self._threads.watch(self._pool(payload).submit(run_given, batch))
            except BrokenProcessPool:
                again.append((batch, deaths))
                return
            flying[future] = (batch, deaths)

    def _pool(self, payload: str | None) -> Any:
        """loky's reusable executor: the same one while the arguments are the same and no worker has died."""
        if self._executor is None:
            refuse_no_locks()
        from joblib.externals.loky import get_reusable_executor

        self._threads.begin()
        self._executor = get_reusable_executor(
            max_workers=self.workers, timeout=IDLE_SECONDS, initializer=_begin, initargs=(os.getpid(), payload),
            env={"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        return self._executor


def _retry(batch: Batch, deaths: int) -> list[tuple[Batch, int]]:
    """A batch whose worker died, cut into single points, since one of them may be what kills."""
    if deaths == MOST_DEATHS:
        raise SimulationError(f"workers died {deaths + 1} times on the point {batch[0][1]}")
    return [([point], deaths + 1) for point in batch]


_PAYLOAD: list[str] = []  # what this worker was started with


def _begin(parent: int, payload: str | None) -> None:
    # Ctrl-C reaches every process of a terminal; the parent answers it, once, and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(parent)
    if payload is not None:
        _PAYLOAD[:] = [payload]


def run_given(batch: Batch) -> list[Outcome]:
    """``run_batch`` of the job that this worker was started with."""
    return run_batch(_PAYLOAD[0], batch)


class InlineBackend:
    """No other process: batches run here, one after another. For debuggers and for tests."""

    workers = 1

    def run(self, payload: str, batches: Iterator[Batch]) -> Iterator[list[Outcome]]:
        """The outcomes of every batch."""
        for batch in batches:
            yield run_batch(payload, batch)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run ``function`` now."""
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future

    def close(self, *, kill: bool = False) -> None:
        """Do nothing: there is nothing to end."""
