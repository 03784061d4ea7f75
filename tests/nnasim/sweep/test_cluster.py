"""A Dask client that outlives a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nnasim.sweep.job import Job
from nnasim.sweep.space import Space

pytest.importorskip("distributed", reason="the sweep extra is not installed")


def test_one_client_runs_one_payload_again(load: Callable[..., tuple[Job, Space]]) -> None:
    """Scattered under a key made of its content, the second payload would go when Dask lets go of the first."""
    from distributed import Client, LocalCluster

    from nnasim.sweep.cluster import ClusterBackend

    job, _ = load()
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        backend = ClusterBackend(client)
        values = {"dram.bytes_per_second": 1e9, "host.handoff_us": 5}
        runs = [list(backend.run(job.payload(), iter([[("key", values)]] * 3))) for _ in range(4)]
    assert [len(one) for one in runs] == [3] * 4
    assert len({str(outcomes[0].figures) for one in runs for outcomes in one}) == 1
