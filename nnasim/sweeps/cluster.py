"""Workers of a Dask distributed cluster: a scheduler's address, or a cluster of this machine."""

from __future__ import annotations

import logging
import socket
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from nnasim.errors import InputError, SimulationError
from nnasim.redacted import without_password
from nnasim.sweeps.evaluate import Outcome, run_batch
from nnasim.sweeps.run import Batch

CONNECT_SECONDS = 10
AHEAD = 2  # batches waiting for each worker
MOST_DEATHS = 3
SCHEMES = ("tcp://", "tls://", "ucx://", "ws://", "wss://")


def _dask() -> Any:
    """The library, which has no types; imported when a cluster is asked for."""
    import distributed

    return distributed


def _refuse_silence(address: str, shown: str) -> None:
    """Raise InputError if nothing listens, or listens and sends nothing: a scheduler greets at once, and Dask waits for
    it.

    Only for plain TCP; other transports begin with a greeting of their own.
    """
    place = urlsplit(address)
    if place.scheme != "tcp":
        return
    try:
        with socket.create_connection((place.hostname or "", place.port or 8786), CONNECT_SECONDS) as connection:
            silent = not connection.recv(1)
    except (OSError, ValueError) as error:
        raise InputError("scheduler", "address", shown, f"cannot be reached ({type(error).__name__})") from None
    if silent:
        raise InputError("scheduler", "address", shown, "cannot be reached (it hangs up)")


def _is_no_interrupt(record: logging.LogRecord) -> bool:
    """False for what tornado logs where Ctrl-C comes just as a call to the scheduler begins: distributed cancels the
    call, which does not exist yet, and that fails. We answer the interrupt ourselves, in one line.
    """
    return "sync.<locals>.cancel" not in record.getMessage()


class ClusterBackend:
    """A Dask client. The job's payload is scattered to every worker once; batches name it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        logging.getLogger("tornado.application").addFilter(_is_no_interrupt)

    @property
    def workers(self) -> int:
        """Threads of all workers that are there now, at least one."""
        return max(1, sum(map(int, self.client.nthreads().values())))

    @classmethod
    def connect(cls, address: str) -> ClusterBackend:
        """A client of the scheduler at ``address``. InputError when it cannot be reached, or has no workers."""
        shown = without_password(address)
        if not address.startswith(SCHEMES):
            raise InputError("scheduler", "address", shown, "must be an address such as tcp://host:8786")
        _refuse_silence(address, shown)
        try:
            client = _dask().Client(address, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            why = type(error).__name__
            raise InputError("scheduler", "address", shown, f"cannot be reached ({why})") from None
        if not client.nthreads():
            client.close()
            raise InputError("scheduler", "address", shown, "has no workers: start `dask worker ADDRESS`")
        return cls(client)

    @classmethod
    def local(cls, workers: int) -> ClusterBackend:
        """A cluster of ``workers`` processes on this machine, with one thread each. Nannies die with this process."""
        import dask

        # The worker's profiler would look at the stack of a point a hundred times a second.
        dask.config.set({"distributed.worker.profile.enabled": False})
        # Dask complains of every worker that ends early; we repeat its batches, or were interrupted and say so.
        cluster = _dask().LocalCluster(
            n_workers=workers, threads_per_worker=1, silence_logs=logging.CRITICAL,
            # Any free port: Dask's own would be taken, and complained of, where another cluster runs.
            dashboard_address="127.0.0.1:0", scheduler_kwargs={"dashboard": False},
            preload=["nnasim.sweeps.dask_worker"],
        )  # fmt: skip
        return cls(_dask().Client(cluster))

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run ``function`` on a worker."""
        return self.client.submit(function, *arguments, pure=False)

    def run(self, payload: str, batches: Iterator[Batch]) -> Iterator[list[Outcome]]:
        """The outcomes of every batch, as they come. Dask repeats a batch whose worker dies, a few times."""
        # A key of its own: one made of the content would be released by the run before while this one needs it.
        shared = self.client.scatter(payload, broadcast=True, hash=False)
        flying: dict[str, tuple[Any, int]] = {}
        completed = _dask().as_completed()

        def launch(batch: Batch | None, deaths: int = 0) -> bool:
            if batch is not None:
                future = self.client.submit(run_batch, shared, batch, pure=False)
                flying[future.key] = (batch, deaths)
                completed.add(future)
            return batch is not None

        while len(flying) < AHEAD * self.workers and launch(next(batches, None)):
            pass
        for future in completed:
            batch, deaths = flying.pop(future.key)
            if future.status == "finished":
                yield future.result()
            else:
                for single in self._retry(future, batch, deaths):
                    launch(single, deaths + 1)
            while len(flying) < AHEAD * self.workers and launch(next(batches, None)):
                pass

    def _retry(self, future: Any, batch: Batch, deaths: int) -> list[Batch]:
        """A batch that killed its workers, cut into single points. SimulationError when that does not help."""
        if deaths == MOST_DEATHS:
            raise SimulationError(f"the cluster gave up on the point {batch[0][1]}: {future.exception()}")
        return [[point] for point in batch]

    def close(self, *, kill: bool = False) -> None:
        """Leave the cluster; end it if it is our own."""
        cluster = self.client.cluster
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.client.close()
            if cluster is not None:
                cluster.close()
