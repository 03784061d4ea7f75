"""Ctrl-C in mid-sweep, and two sweeps of one study on one store: as processes, since that is what users have."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("psutil")

import psutil

from nnasim.sweeps.store import Store

POINTS = 200
LONG = 2000  # points: an idle machine does hundreds a second, and must not end before it is interrupted
FEW = 600  # a killed scheduler ends it at once


def axes(points: int) -> dict[str, object]:
    return {"host.handoff_us": {"range": [1, 100, points]}}


GONE_SECONDS = 5


def start(study: Path, store: Path, *more: str) -> subprocess.Popen[str]:
    """A sweep in a session of its own, so that an interrupt reaches it as from a terminal."""
    command = [sys.executable, "-m", "nnasim.cli.main", "sweep", str(study), "--store", str(store), *more]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job's children inherit deafness
    )  # fmt: skip


def rows(path: Path) -> int:
    """Points that the store has by now."""
    if not path.exists():
        return 0
    with Store(path) as store:
        return store.count("ok")


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def has_workers(address: str) -> bool:
    from distributed import Client

    with Client(address, timeout=10) as client:
        return bool(client.nthreads())


@pytest.mark.parametrize("backend", [["--jobs", "2"], ["--dask-local", "2"]], ids=["joblib", "dask"])
def test_an_interrupt_keeps_what_is_done_and_leaves_no_worker(write_study, tmp_path: Path, backend) -> None:
    if backend[0] == "--dask-local":
        pytest.importorskip("distributed")
    study, store = write_study(axes=axes(LONG)), tmp_path / "s.sqlite"
    process = start(study, store, *backend)
    wait_for(lambda: rows(store) > 10, 120)
    workers = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)  # workers get it too
    printed, complained = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (printed, complained) == ("", "nnasim: interrupted\n")
    assert workers
    wait_for(lambda: not any(map(runs, workers)), GONE_SECONDS)
    stored = rows(store)
    assert 10 < stored < LONG
    done, complained = start(study, store, "--jobs", "2").communicate(timeout=120)
    assert f"{LONG:,} of {LONG:,} points, {stored:,} were there, {LONG - stored:,} computed" in done, complained


def test_a_scheduler_that_is_killed_is_told_in_one_line_and_the_same_command_goes_on(
    write_study, tmp_path: Path
) -> None:
    pytest.importorskip("distributed")
    study, store, where = write_study(axes=axes(FEW)), tmp_path / "s.sqlite", tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask = [sys.executable, "-m", "dask"]
    told = ["--scheduler-file", str(where)]
    scheduler = subprocess.Popen(
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", *told], **quiet
    )
    worker = subprocess.Popen([*dask, "worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", *told], **quiet)
    try:
        wait_for(where.exists, 60)
        address = json.loads(where.read_text())["address"]
        wait_for(lambda: has_workers(address), 60)
        process = start(study, store, "--scheduler", address)
        wait_for(lambda: rows(store) > 10, 120)
        scheduler.kill()
        printed, complained = process.communicate(timeout=60)
    finally:
        for each in (scheduler, worker):
            each.kill()
            each.wait()
    assert (process.returncode, printed) == (2, "")
    assert complained == (
        "nnasim: the Dask scheduler is gone: it cannot be reached any more; the finished points are kept, and the same "
        "command continues from there\n"
    )
    stored = rows(store)
    assert 10 < stored < FEW
    done, complained = start(study, store, "--jobs", "2").communicate(timeout=120)
    assert f"{FEW:,} of {FEW:,} points, {stored:,} were there, {FEW - stored:,} computed" in done, complained


def test_two_sweeps_at_once_compute_every_point_once(write_study, tmp_path: Path) -> None:
    study, store = write_study(axes=axes(POINTS)), tmp_path / "s.sqlite"
    both = [start(study, store, "--jobs", "1") for _ in range(2)]
    outputs = [process.communicate(timeout=240) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    computed = [int(line.split(" computed")[0].split()[-1]) for line, _ in outputs]
    assert sum(computed) == POINTS  # each process counts what its workers computed, stored or not
    assert all(f"{POINTS} of {POINTS} points" in line for line, _ in outputs)
    with Store(store) as opened:
        times = Counter(outcome.values["host.handoff_us"] for _, outcome in opened.all_outcomes())
        assert opened.database.row("SELECT count(*) FROM claims") == (0,)
    assert len(times) == POINTS
    assert set(times.values()) == {1}
