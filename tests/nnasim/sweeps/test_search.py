from pathlib import Path

import pytest

pytest.importorskip("optuna")

from nnasim.studies.search import evidence
from nnasim.sweeps.evaluate import Outcome
from nnasim.sweeps.local import InlineBackend
from nnasim.sweeps.search import Search
from nnasim.sweeps.store import Store

AXES = {"host.handoff_us": {"range": [1, 100]}, "sram.bytes": {"list": [65536, 131072]}}
OBJECTIVES = ["engine_latency_ms.p50", "area_mm2"]


def _search(load, path: Path, **search) -> tuple:
    job, _ = load(axes=AXES, objectives=OBJECTIVES, sampler="random", search={"batch": 3, **search})
    with Store(path) as store:
        looked = Search(job, store, InlineBackend())
        tried = looked.run(9)
        return tried, evidence(job, tried, store, path.with_name("study.yaml")), store.count("ok")


@pytest.mark.parametrize("algorithm", ["tpe", "nsga2"])
def test_a_search_repeats_itself_and_its_front_is_not_beaten(load, tmp_path: Path, algorithm) -> None:
    tried, front, stored = _search(load, tmp_path / "a.sqlite", algorithm=algorithm)
    again, _, _ = _search(load, tmp_path / "b.sqlite", algorithm=algorithm)
    assert [trial.key for trial in tried] == [trial.key for trial in again]
    assert stored == len({trial.key for trial in tried}) > 3
    best = min(trial.costs for trial in tried if trial.costs)
    assert front["pareto"][0]["figures"]["engine_latency_ms.p50"] == best[0]
    assert front["pareto"][0]["set"][0].startswith("host.handoff_us=")


def test_a_hopeless_start_is_not_run_to_its_end(load, tmp_path: Path) -> None:
    pruned, front, stored = _search(load, tmp_path / "a.sqlite", algorithm="random", prune_frames=2)
    assert front["trials"]["pruned"] > 0
    assert stored == sum(trial.state == "complete" for trial in pruned)


@pytest.mark.parametrize(
    ("costs", "state"), [((9.0, 9.0), "pruned"), ((9.0, 1.0), "run"), ((1.0, 9.0), "run"), ((1.05, 1.05), "run")]
)
def test_only_a_start_that_is_worse_in_every_objective_is_hopeless(
    costs, state: str, load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, _ = load(axes=AXES, objectives=OBJECTIVES, sampler="random", search={"prune_frames": 2, "prune_margin": 1.1})
    figures = dict(zip(OBJECTIVES, costs, strict=True))
    monkeypatch.setattr("nnasim.sweeps.search.run_batch", lambda *_: [Outcome("", {}, figures, None, 0.0)])
    with Store(tmp_path / "a.sqlite") as store:
        search = Search(job, store, InlineBackend())
        search.short = [(1.0, 1.0)]
        assert search._pruned([{}], ["run"]) == [state]


def test_many_machines_join_through_a_journal(load, tmp_path: Path) -> None:
    job, _ = load(axes=AXES, objectives=OBJECTIVES, sampler="random", search={"batch": 2})
    for name in ("a", "b"):
        with Store(tmp_path / f"{name}.sqlite") as store:
            search = Search(job, store, InlineBackend(), storage=str(tmp_path / "journal"))
            search.run(4)
    assert len(search.study) == 8
