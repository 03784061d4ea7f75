"""Workers of a Dask distributed cluster: a scheduler's address, or a cluster of this machine."""

from __future__ import annotations

import logging
import socket
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from pydoc import locate
from typing import Any, TypeVar
from urllib.parse import urlsplit

import nnasim
from nnasim.errors import InputError, SimulationError
from nnasim.redacted import address_shown
from nnasim.sweeps.evaluate import Outcome, run_batch
from nnasim.sweeps.locks import refuse_no_locks
from nnasim.sweeps.run import Batch
from nnasim.within import within

AnswerT = TypeVar("AnswerT")

CONNECT_SECONDS = 10
ANSWER_SECONDS, SENT_SECONDS = 30.0, 300.0  # within which a scheduler answers that is there, and takes a job's payload
AHEAD = 2  # batches waiting for each worker
MOST_DEATHS = 3
LOOK_SECONDS, MOST_ALONE = 5, 4  # how often to look for workers, and how often in vain
GONE = ("cancelled", "lost")  # what Dask says of a future whose data went with a worker
VERSION = "nnasim.__version__"
GO_ON = "the finished points are kept, and the same command continues from there"
LOST = f"the Dask scheduler is gone: it cannot be reached any more; {GO_ON}"
SCHEMES = ("tcp://", "tls://", "ucx://", "ws://", "wss://")


def _dask() -> Any:
    """The library, which has no types; imported when a cluster is asked for."""
    import distributed

    return distributed


def _refuse_silence(address: str, shown: str) -> None:
    """Raise InputError if nothing listens at ``address``, or if what listens sends nothing.

    A scheduler sends a greeting at once, for which Dask would wait.
    Only for plain TCP; other transports begin with a greeting of their own.
    """
    if not address.startswith("tcp://"):
        return
    try:
        place = urlsplit(address)
        with socket.create_connection((place.hostname or "", place.port or 8786), CONNECT_SECONDS) as connection:
            silent = not connection.recv(1)
    except (OSError, ValueError) as error:
        raise InputError("scheduler", "address", shown, f"cannot be reached ({type(error).__name__})") from None
    if silent:
        raise InputError("scheduler", "address", shown, "cannot be reached (it hangs up)")


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a log record of Dask's loop says more than what we report in one line ourselves.

    These are a lost connection, and Ctrl-C just as a call to the scheduler begins: distributed then cancels a call that
    does not exist yet, and that fails.
    """
    error = record.exc_info[1] if record.exc_info else None
    return "sync.<locals>.cancel" not in record.getMessage() and not isinstance(error, OSError | CancelledError)


def _hush() -> None:
    """Silence Dask's logs, which tell with many tracebacks what we say in a line: the scheduler is gone."""
    for name in list(logging.root.manager.loggerDict):
        if name == "distributed" or name.startswith("distributed."):
            logging.getLogger(name).setLevel(logging.CRITICAL)


class _Awaited:
    """A future of ``ClusterBackend.submit``."""

    def __init__(self, backend: ClusterBackend, future: Any) -> None:
        self._backend, self._future = backend, future

    def result(self) -> Any:
        """Wait for the function and return its result. Raises its exception, or SimulationError without a scheduler."""
        self._backend._done([self._future])
        error = self._backend._told(self._future.exception)  # the function's own: it says nothing of the scheduler
        if error is None:
            return self._backend._told(self._future.result)
        raise error


class ClusterBackend:
    """A Dask client. The job's payload is scattered to every worker once; batches name it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        for name in ("tornado.application", "asyncio"):
            logging.getLogger(name).addFilter(_is_news)

    @property
    def workers(self) -> int:
        """Threads of all workers that are there now, at least one."""
        return max(1, sum(map(int, self._told(self.client.nthreads).values())))

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Raise SimulationError if the scheduler is gone: Dask tries for ``CONNECT_SECONDS`` to reach it again."""
        try:
            yield
        except (OSError, CancelledError, _dask().client.ClosedClientError):
            raise SimulationError(LOST) from None

    def _told(self, question: Callable[[], AnswerT], seconds: float | None = None) -> AnswerT:
        """The scheduler's answer. Raises SimulationError where none comes: one that is stopped stays connected."""
        with self._answering():
            return within(seconds or ANSWER_SECONDS, question)

    @classmethod
    def connect(cls, address: str) -> ClusterBackend:
        """A client of the scheduler at ``address``. Raises InputError if it cannot be reached, or has no workers."""
        shown = address_shown(address)
        _dask()
        _hush()
        if not address.startswith(SCHEMES):
            raise InputError("scheduler", "address", shown, "must be an address such as tcp://host:8786")
        _refuse_silence(address, shown)
        try:
            client = _dask().Client(address, timeout=CONNECT_SECONDS)
            threads = client.nthreads()
        except (OSError, ValueError, CancelledError) as error:
            why = type(error).__name__
            raise InputError("scheduler", "address", shown, f"cannot be reached ({why})") from None
        except Exception as error:  # what is no scheduler may send anything: sizes of exabytes, frames without a head
            why = f"must be that of a Dask scheduler; what answers there is none ({type(error).__name__})"
            raise InputError("scheduler", "address", shown, why) from None
        if not threads:
            client.close()
            raise InputError("scheduler", "address", shown, "has no workers: start `dask worker ADDRESS`")
        backend = cls(client)
        if (others := backend.why_not_these_workers()) is not None:
            backend.close()
            raise InputError("scheduler", "address", shown, others)
        return backend

    def why_not_these_workers(self) -> str | None:
        """The worker whose nnasim is not this one, and would give other figures; None where all have this one.

        A function of Python's own asks, since other versions lack ours.
        """
        try:
            versions = self._told(lambda: self.client.run(locate, VERSION, on_error="return"))
        except SimulationError:
            return f"its workers do not answer within {ANSWER_SECONDS:.0f} s"
        for worker, version in sorted(versions.items()):
            if version != nnasim.__version__:
                what = f"nnasim {version}" if isinstance(version, str) else "no nnasim that can be loaded"
                return f"its worker {worker} has {what:.80}; all must have {nnasim.__version__}, as this process does"
        return None

    @classmethod
    def local(cls, workers: int) -> ClusterBackend:
        """A cluster of ``workers`` processes on this machine, with one thread each. They end with this process."""
        import dask

        refuse_no_locks()
        # The worker's profiler would look at the stack of a point a hundred times a second.
        dask.config.set({"distributed.worker.profile.enabled": False})
        # Dask complains of every worker that ends early; we repeat its batches, or were interrupted and say so.
        try:
            cluster = _dask().LocalCluster(
                n_workers=workers, threads_per_worker=1, silence_logs=logging.CRITICAL,
                # Any free port: Dask's own would be taken, and complained of, where another cluster runs.
                dashboard_address="127.0.0.1:0", scheduler_kwargs={"dashboard": False},
                preload=["nnasim.sweeps.dask_worker"],
            )  # fmt: skip
            return cls(_dask().Client(cluster))
        except (RuntimeError, TimeoutError) as error:
            why = str(error.__cause__ or error).partition("\n")[0][:200]
            raise SimulationError(f"no Dask worker can be started on this machine ({why})") from None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run ``function`` on a worker; the future's ``result`` raises SimulationError if the scheduler is gone."""
        with self._answering():
            return _Awaited(self, self.client.submit(function, *arguments, pure=False))

    def run(self, payload: str, batches: Iterator[Batch]) -> Iterator[list[Outcome]]:
        """The outcomes of every batch, as they come. One whose worker dies is repeated, point by point, a few times.

        Raises SimulationError if the scheduler is gone, or all workers are for a while.
        """
        shared = self._scattered(payload)
        flying: dict[Any, tuple[Batch, int]] = {}

        def launch(batch: Batch | None, deaths: int = 0) -> bool:
            if batch is not None:
                with self._answering():
                    flying[self.client.submit(run_batch, shared, batch, pure=False)] = (batch, deaths)
            return batch is not None

        while True:
            while len(flying) < AHEAD * self.workers and launch(next(batches, None)):
                pass
            if not flying:
                return
            again: list[tuple[Batch, int]] = []
            for future in self._done(list(flying)):
                batch, deaths = flying.pop(future)
                if (outcomes := self._outcomes(future)) is not None:
                    yield outcomes
                else:
                    again += ((single, deaths + 1) for single in self._retry(future, batch, deaths))
            if any(future.status in GONE for future in (shared, *flying)) or again:
                shared = self._scattered(payload)  # it may have gone with the worker
            for single, deaths in again:
                launch(single, deaths)

    def _scattered(self, payload: str) -> Any:
        """``payload`` on every worker, under a key of its own: one made of the content would be released by the run
        before while this one needs it.
        """
        self._wait_for_workers()
        return self._told(lambda: self.client.scatter(payload, broadcast=True, hash=False), SENT_SECONDS)

    def _done(self, futures: list[Any]) -> list[Any]:
        """Those of ``futures`` that are done, one at least, or gone with their worker."""
        while True:
            with self._answering():
                try:
                    return list(_dask().wait(futures, timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED").done)
                except TimeoutError:
                    pass
                except CancelledError:
                    self._wait_for_workers()
                    return [future for future in futures if future.status != "pending"]
            self._wait_for_workers()

    def _outcomes(self, future: Any) -> list[Outcome] | None:
        """The outcomes of a batch that is done; None where its worker has died, with the job's payload or with them."""
        if future.status != "finished":
            return None
        try:
            return within(SENT_SECONDS, future.result)  # type: ignore[no-any-return]
        except CancelledError:
            self._wait_for_workers()
            return None
        except OSError:
            raise SimulationError(LOST) from None

    def _wait_for_workers(self) -> None:
        """Return as soon as there is a worker. Raises SimulationError if there is none for a while, or no scheduler."""
        for look in range(MOST_ALONE):
            if self._told(self.client.nthreads):
                return
            time.sleep(LOOK_SECONDS * (look < MOST_ALONE - 1))
        raise SimulationError(f"the Dask cluster has had no workers for {MOST_ALONE * LOOK_SECONDS} s; {GO_ON}")

    def _retry(self, future: Any, batch: Batch, deaths: int) -> list[Batch]:
        """A batch that killed its workers, cut into single points. Raises SimulationError if that is too often."""
        if deaths == MOST_DEATHS:
            why = self._told(future.exception) if future.status == "error" else "its workers have died"
            raise SimulationError(f"the cluster gave up on the point {batch[0][1]}: {why}")
        return [[point] for point in batch]

    def close(self, *, kill: bool = False) -> None:
        """Leave the cluster; end it if it is our own."""
        cluster = self.client.cluster
        with warnings.catch_warnings(), suppress(OSError, CancelledError):  # the scheduler may be gone
            warnings.simplefilter("ignore")
            self.client.close()
            if cluster is not None:
                cluster.close()
