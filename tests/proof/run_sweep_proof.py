"""What a sweep survives and how fast it is; takes minutes, so it is kept beside the test-suite, not in it.

python -m tests.proof.run_sweep_proof kills     20 times SIGKILL, then every point is there once
python -m tests.proof.run_sweep_proof workers   a worker of joblib, then one of Dask, killed in mid-sweep
python -m tests.proof.run_sweep_proof memory    10,000 points, and the memory of all processes
python -m tests.proof.run_sweep_proof rate      points a second of the 333-frame paper-sized trace, joblib and Dask
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from nnasim.sweeps.store import Store

TINY = """
input_features: 24
frame_ms: 30
encoder_units: 16
encoder_before: 2
embedding: 8
prediction_units: 16
prediction_layers: 1
joint_units: 16
outputs: 12
"""
DRAM, HANDOFF = "dram.bytes_per_second", "host.handoff_us"


def write_study(folder: Path, rates: int, handoffs: int, paper: bool = False) -> Path:
    """A study of rates x handoffs points on a tiny trace, or on the paper-sized one of 333 frames."""
    (folder / "tiny.yaml").write_text(TINY)
    trace = {"shape": "rnnt-paper", "frames": 333, "symbols": 80} if paper else {"shape": "tiny.yaml", "frames": 12}
    axes = {DRAM: {"logrange": [1e9, 25e9, rates]}, HANDOFF: {"range": [1, 200, handoffs]}}
    study = {"base": "edge256", "traces": [{"symbols": 3, **trace}], "axes": axes, "objectives": ["rtf"]}
    path = folder / f"{rates}x{handoffs}.yaml"
    path.write_text(json.dumps(study))
    return path


def start(study: Path, store: Path, *more: str) -> subprocess.Popen[str]:
    """A sweep in a process of its own."""
    command = [sys.executable, "-m", "nnasim.cli.main", "sweep", str(study), "--store", str(store), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def rows(store: Path) -> int:
    """Points that the store has by now."""
    if not store.exists():
        return 0
    with Store(store) as opened:
        return opened.count("ok")


def wait_for(condition: Callable[[], bool], seconds: float) -> float:
    """Seconds until ``condition`` held."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > seconds:
            raise SystemExit("waited in vain")
        time.sleep(0.02)
    return time.monotonic() - begun


def kills(folder: Path) -> None:
    """20 sweeps killed at random moments; the 21st finishes, and no point was lost or done twice."""
    study, store, chance = write_study(folder, 40, 100), folder / "kills.sqlite", random.Random(0)
    slowest = 0.0
    for _ in range(20):
        before = rows(store)
        process = start(study, store, "--jobs", "2")
        wait_for(lambda before=before: rows(store) > before, 120)
        time.sleep(chance.random())
        workers = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        slowest = max(slowest, wait_for(lambda workers=workers: not any(map(alive, workers)), 10))
        print(f"killed with {rows(store):,} of 4,000 points stored, {len(workers)} child processes gone", flush=True)
    print(start(study, store, "--jobs", "2").communicate()[0].strip())
    print(f"slowest end of the workers: {slowest:.1f} s; rows: {rows(store):,}")


def alive(process: psutil.Process) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def workers(folder: Path) -> None:
    """Kill one worker in mid-sweep: the sweep goes on, every point stands there once."""
    study = write_study(folder, 30, 50)
    for backend in ("--jobs", "--dask-local"):
        store = folder / f"workers{backend}.sqlite"
        process = start(study, store, backend, "2")
        wait_for(lambda store=store: rows(store) > 50, 120)
        busiest = max(
            psutil.Process(process.pid).children(recursive=True), key=lambda child: sum(child.cpu_times()[:2])
        )
        busiest.kill()
        print(f"{backend}: killed a worker at {rows(store):,} points: {process.communicate()[0].strip()}")


def memory(folder: Path) -> None:
    """Resident memory of the parent and of its largest worker, every 1,000 points of 10,000."""
    study, store = write_study(folder, 100, 100), folder / "memory.sqlite"
    process = start(study, store, "--jobs", "2")
    for mark in range(1000, 10_001, 1000):
        wait_for(lambda mark=mark: rows(store) >= mark or process.poll() is not None, 1200)
        if process.poll() is None:
            parent = psutil.Process(process.pid)
            sizes = [child.memory_info().rss for child in parent.children(recursive=True)]
            print(f"{mark:,} points: parent {parent.memory_info().rss / 1e6:.0f} MB, worker {max(sizes) / 1e6:.0f} MB",
                  flush=True)  # fmt: skip
    print(process.communicate()[0].strip())


def rate(folder: Path) -> None:
    """Points a second on two workers, joblib against Dask; the store's line says CPU seconds a point too."""
    for backend in ("--jobs", "--dask-local"):
        print(backend, "load", os.getloadavg()[0], flush=True)
        print(start(write_study(folder, 20, 10, True), folder / f"{backend}.sqlite", backend, "2").communicate()[0])


if __name__ == "__main__":
    proofs = {"kills": kills, "workers": workers, "memory": memory, "rate": rate}
    with tempfile.TemporaryDirectory() as scratch:
        proofs[sys.argv[1]](Path(scratch))
