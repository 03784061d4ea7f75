"""A Dask client that outlives a run."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from nnasim.errors import InputError
from nnasim.sweeps.job import Job
from nnasim.sweeps.space import Space

pytest.importorskip("distributed", reason="the sweep extra is not installed")


def test_one_client_runs_one_payload_again(load: Callable[..., tuple[Job, Space]]) -> None:
    """Scattered under a key made of its content, the second payload would go when Dask lets go of the first."""
    from distributed import Client, LocalCluster

    from nnasim.sweeps.cluster import ClusterBackend

    job, _ = load()
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        backend = ClusterBackend(client)
        values = {"dram.bytes_per_second": 1e9, "host.handoff_us": 5}
        runs = [list(backend.run(job.payload(), iter([[("key", values)]] * 3))) for _ in range(4)]
    assert [len(run) for run in runs] == [3] * 4
    assert len({str(outcomes[0].figures) for run in runs for outcomes in run}) == 1


def _refused() -> None:
    raise PermissionError("the function's own")


def test_an_error_of_the_function_is_not_taken_for_a_scheduler_that_is_gone() -> None:
    from distributed import Client, LocalCluster

    from nnasim.sweeps.cluster import ClusterBackend

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        backend = ClusterBackend(client)
        with pytest.raises(PermissionError, match="the function's own"):
            backend.submit(_refused).result()
        assert backend.submit(len, "four").result() == 4


def test_a_call_that_an_interrupt_stops_as_it_begins_leaves_no_traceback() -> None:
    """The race of distributed's ``sync`` with Ctrl-C, which tornado logs; every other error of its loop is told."""
    from nnasim.sweeps.cluster import ClusterBackend

    ClusterBackend(client=None)
    tornado = logging.getLogger("tornado.application")
    logged = [
        bool(tornado.filter(logging.LogRecord("tornado.application", logging.ERROR, "", 0, message, None, None)))
        for message in (
            "Exception in callback functools.partial(<function sync.<locals>.cancel at 0x7f31b840a0c0>)",
            "Exception in callback functools.partial(<function beat at 0x1>)",
        )
    ]
    assert logged == [False, True]


def test_a_scheduler_that_goes_in_mid_run_is_one_line_and_says_that_points_are_kept() -> None:
    from nnasim.errors import SimulationError
    from nnasim.sweeps.cluster import ClusterBackend

    class Gone:
        def nthreads(self) -> dict[str, int]:
            raise OSError("Timed out trying to connect")

    with pytest.raises(
        SimulationError, match=r"the Dask scheduler is gone: .* are kept, and the same command continues"
    ):
        _ = ClusterBackend(Gone()).workers


def test_a_scheduler_that_falls_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is stopped keeps its connections, and Dask would wait for its answer without end."""
    from nnasim.errors import SimulationError
    from nnasim.sweeps import cluster

    class Silent:
        def nthreads(self) -> dict[str, int]:
            threading.Event().wait()
            return {}

    monkeypatch.setattr(cluster, "ANSWER_SECONDS", 0.1)
    with pytest.raises(SimulationError, match="the Dask scheduler is gone"):
        _ = cluster.ClusterBackend(Silent()).workers


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("0.1.9", "its worker tcp://b has nnasim 0.1.9; all must have "),
        (None, "its worker tcp://b has no nnasim that can be loaded; all must have "),
        (ImportError("no numpy"), "its worker tcp://b has no nnasim that can be loaded; all must have "),
    ],
)
def test_a_worker_of_another_version_is_refused_by_name(version: object, why: str) -> None:
    """It would compute the points by other code, and they would be stored as ours."""
    import nnasim
    from nnasim.sweeps.cluster import ClusterBackend

    class Workers:
        def run(self, function: Callable[[str], object], name: str, on_error: str) -> dict[str, object]:
            return {"tcp://a": function(name), "tcp://b": version}

    told = ClusterBackend(Workers()).why_not_these_workers()
    assert told == f"{why}{nnasim.__version__}, as this process does"


def test_a_worker_that_dies_amid_a_point_takes_neither_the_point_nor_the_job_with_it(
    load: Callable[..., tuple[Job, Space]],
) -> None:
    """The only worker that has the job's payload goes, with a batch in work and others that wait; another one comes."""
    from distributed import Client, LocalCluster

    from nnasim.sweeps.cluster import ClusterBackend

    job, _ = load()
    batches = [[(str(number), {"dram.bytes_per_second": 1e9 + number, "host.handoff_us": 5})] for number in range(8)]
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        outcomes = []
        for outcome in ClusterBackend(client).run(job.payload(), iter(batches)):
            outcomes += outcome
            if len(outcomes) in (1, 3):
                *_, worker = cluster.workers.values()
                client.sync(worker.close, executor_wait=False)
                cluster.scale(len(cluster.worker_spec) + 1)
                client.wait_for_workers(1)
    assert sorted(outcome.key for outcome in outcomes) == [str(number) for number in range(8)]
    assert all(outcome.figures is not None for outcome in outcomes)


@pytest.mark.parametrize("sent", [bytes(4096), b"HTTP/1.0 200 OK\r\n\r\n" * 10, b"\xff" * 64])
def test_what_answers_as_no_scheduler_does_is_one_line(sent: bytes) -> None:
    """Dask takes the first bytes for sizes, and what it then raises is any kind of error."""
    from nnasim.sweeps.cluster import ClusterBackend

    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with suppress(OSError):  # the server is closed at the end
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        connection.sendall(sent)
                        connection.recv(1)

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(InputError, match=r"scheduler: address = 'tcp://.*': (must be that of|cannot be reached)"):
            ClusterBackend.connect(f"tcp://127.0.0.1:{server.getsockname()[1]}")
