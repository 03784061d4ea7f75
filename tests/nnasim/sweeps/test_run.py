import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nnasim.errors import NnasimError
from nnasim.hardware import load_preset
from nnasim.pipeline import simulate
from nnasim.sweeps.evaluate import Evaluator
from nnasim.sweeps.job import Job
from nnasim.sweeps.local import InlineBackend, LocalBackend
from nnasim.sweeps.objectives import KNOWN
from nnasim.sweeps.run import remember, sweep
from nnasim.sweeps.store import Store, added_at


def test_a_point_costs_what_simulate_says(load) -> None:
    job, space = load()
    values = list(space.points())[3]
    outcome = Evaluator(job).outcome("key", values)
    overrides = [f"{name}={value}" for name, value in values.items()]
    result = simulate(job.traces[0], load_preset("edge256", overrides))
    assert outcome.message is None
    assert outcome.figures["engine_latency_ms.p90"] == result.utterances[0].engine_latency_ms
    assert outcome.figures["dram_bytes"] == result.totals.dram_bytes
    assert outcome.figures["energy_mj"] == result.totals.energy_mj
    assert set(outcome.figures) >= set(KNOWN) - {"wer"}


def test_programs_shared_between_chips_change_nothing(load) -> None:
    job, space = load()
    shared = Evaluator(job)
    for values in space.points():
        assert shared.figures(values) == Evaluator(job).figures(values)


def test_a_job_travels_unchanged(load) -> None:
    job, space = load(constraints=["clock_hz > 1"], set={"options.endpointer_ms": 200, "sram.ports": 2})
    there = Job.from_payload(job.payload())
    assert [there.key(values) for values in space.points()] == [job.key(values) for values in space.points()]


def test_resuming_computes_only_what_is_missing(load, tmp_path: Path) -> None:
    job, space = load()
    with Store(tmp_path / "s.sqlite") as store:
        first = sweep(job, space, store, InlineBackend(), shard=(0, 2))
        rest = sweep(job, space, store, InlineBackend())
        again = sweep(job, space, store, InlineBackend())
    assert (first.ok, rest.stored, rest.ok, again.stored, again.ok) == (3, 3, 3, 6, 0)


def test_a_failed_point_is_kept_with_its_message_and_not_missing(load, tmp_path: Path) -> None:
    job, space = load(axes={"sram.bytes": {"list": [64, 393216]}})
    with Store(tmp_path / "s.sqlite") as store:
        done = sweep(job, space, store, InlineBackend())
        assert (done.ok, done.failed) == (1, 1)
        assert sweep(job, space, store, InlineBackend()).stored == 2
        messages = [outcome.message for _, outcome in store.all_outcomes() if outcome.figures is None]
    assert "sram.bytes must be at least" in messages[0]


def test_numerics_placement_and_system_are_axes_too(load) -> None:
    axes = {"numerics.activation": {"list": ["lut8", "lut16"]}, "system": {"list": ["cpu_fallback", "aat"]}}
    job, space = load(axes=axes)
    figures = [Evaluator(job).figures(values) for values in space.points()]
    assert figures[0]["handoffs"] > figures[1]["handoffs"]
    assert figures[3]["sram_used_bytes"] > figures[1]["sram_used_bytes"]  # larger tables
    job, space = load(axes={"placement.joint_tanh": {"list": ["nna", "cpu"]}})
    on_chip, on_cpu = (Evaluator(job).figures(values)["handoffs"] for values in space.points())
    assert on_cpu > on_chip


def test_local_workers_give_what_this_process_gives(load, tmp_path: Path) -> None:
    job, space = load()
    backend = LocalBackend(1)
    with Store(tmp_path / "a.sqlite") as alone, Store(tmp_path / "b.sqlite") as pooled:
        sweep(job, space, alone, InlineBackend())
        assert sweep(job, space, pooled, backend).ok == 6
        backend.close(kill=True)
        keys = [job.key(values) for values in space.points()]
        here, there = alone.outcomes(keys), pooled.outcomes(keys)
    assert {key: here[key].figures for key in keys} == {key: there[key].figures for key in keys}


@pytest.mark.parametrize("after_points", [1])
def test_killed_at_any_moment_it_loses_only_what_was_in_flight(write_study, tmp_path: Path, after_points) -> None:
    study = write_study(axes={"host.handoff_us": {"range": [1, 100, 40]}})
    store, log = tmp_path / "s.sqlite", (tmp_path / "log").open("wb")
    command = [sys.executable, "-m", "nnasim.cli.main", "sweep", str(study), "--store", str(store), "--jobs", "1"]
    with log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        _wait_for(lambda: _rows(store) >= after_points, 60)
        workers = _children(process.pid)
        os.kill(process.pid, signal.SIGKILL)
    stored = _rows(store)
    _wait_for(lambda: not any(map(_running, workers)), 10)
    assert workers
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"40 of 40 points, {stored} were there, {40 - stored} computed" in done.stdout


def _rows(path: Path) -> int:
    try:
        with Store(path, write=False) as store:
            return store.count("ok")
    except NnasimError:  # not there yet, or still being made
        return 0


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split()]


def _running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _wait_for(condition, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.parametrize("dates", [[2e9, 1e9, 1e9], [4.3e9, -5e9, 0.0], [9.2e9, 9.2e9, 5.0]])
def test_the_sweep_that_ran_last_is_the_last_whatever_the_date_was_set_to(
    load, tmp_path: Path, dates: list[float]
) -> None:
    job, _ = load()
    with Store(tmp_path / "s.sqlite") as store:
        for name, date in zip(("first", "second", "first"), dates, strict=True):
            remember(store, name, job, swept=True, date=lambda date=date: date)
            latest = max(store.sweeps().items(), key=lambda sweep: added_at(sweep[1]))
            assert latest[0] == name
