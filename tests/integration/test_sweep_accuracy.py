"""Word errors in a sweep, the whole road: the tiny recogniser, trained on and scored once for each arithmetic."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from nnasim.cli.main import main
from nnasim.ir.trace import System
from nnasim.numerics.config import NumericsConfig
from nnasim.studies.sweep import prepared, swept
from nnasim.studies.sweep_accuracy import Scoring, word_errors
from nnasim.sweeps.local import InlineBackend
from nnasim.sweeps.store import Store
from workloads.bundled import speech_manifest

AXES = {"numerics.activation": {"list": ["lut8", "plan"]}, "host.handoff_us": {"list": [5, 20, 50]}}
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a manifest of the first three bundled utterances, and a float model hardly trained on them."""
    bundled, folder = speech_manifest(), tmp_path_factory.mktemp("speech")
    entries = [json.loads(line) for line in bundled.read_text().splitlines()[:3]]
    moved = [{**entry, "audio_filepath": str(bundled.parent / entry["audio_filepath"])} for entry in entries]
    manifest = folder / "three.jsonl"
    manifest.write_text("".join(json.dumps(entry) + "\n" for entry in moved))
    words = ["--recipe", "tiny", "--train", str(manifest), "--dev", str(manifest), "--steps", "2"]
    assert main(["train", *words, "--out", str(folder / "models" / "float")]) == 0
    return folder


class Counted:
    """A scorer that remembers which arithmetics it scored, and for which of them it trained."""

    def __init__(self, scoring: Scoring) -> None:
        self.scoring = scoring
        self.scored: list[str] = []
        self.trained: list[str] = []

    def __call__(self, numerics: NumericsConfig, system: System) -> dict[str, Any]:
        self.scored.append(numerics.activation)
        if self.scoring.run_spec(numerics, system) is not None:
            self.trained.append(numerics.activation)
        return word_errors(self.scoring, numerics, system)


@pytest.fixture
def sweep_here(speech: Path, tmp_path: Path) -> Run:
    """Runs a study in this process; returns its store and what was scored for it."""

    def run(system: str, axes: dict[str, object] = AXES, **more: object) -> tuple[Path, Counted]:
        accuracy = {"checkpoints": "models", "manifest": "three.jsonl", "system": system, "limit": 2, **more}
        study = {
            "base": "edge256", "traces": [{"shape": "rnnt-paper", "frames": 2, "symbols": 1}], "axes": axes,
            "objectives": ["engine_latency_ms.p90", "wer"], "accuracy": accuracy,
        }  # fmt: skip
        path = speech / "study.yaml"
        path.write_text(json.dumps(study))
        ready = prepared(path)
        assert isinstance(ready.scorer, partial)
        counted = Counted(*ready.scorer.args)
        swept(replace(ready, scorer=counted), tmp_path / "s.sqlite", InlineBackend())
        return tmp_path / "s.sqlite", counted

    return run


def figures(path: Path) -> list[tuple[str, dict]]:
    with Store(path) as store:
        return [
            (str(outcome.values.get("numerics.activation")), outcome.figures or {})
            for _, outcome in store.all_outcomes()
        ]


def test_each_arithmetic_is_trained_for_and_scored_once_whatever_the_other_axes(sweep_here: Run) -> None:
    budget = {"steps": 1, "train": "three.jsonl", "dev": "three.jsonl"}
    store, counted = sweep_here("aat", finetune=budget)
    rows = figures(store)
    assert counted.scored == counted.trained == ["lut8", "plan"]
    assert len(rows) == 6
    assert all(row["utterances"] == 2 and row["words"] > 0 and row["wer"] == row["errors"] / row["words"]
               for _, row in rows)  # fmt: skip
    assert len({(name, row["errors"]) for name, row in rows}) == 2
    _, counted = sweep_here("aat", finetune=budget)
    assert counted.scored == []  # all is there
    more = {**AXES, "host.handoff_us": {"list": [5, 20, 50, 80]}}
    store, counted = sweep_here("aat", more, finetune=budget)
    assert len(figures(store)) == 8  # new points, no new arithmetic
    assert counted.scored == []
    _, counted = sweep_here("aat", finetune={**budget, "steps": 2})
    assert counted.trained == ["lut8", "plan"]  # another budget is another model


def test_without_a_budget_the_float_model_is_calibrated_for_each_arithmetic(sweep_here: Run) -> None:
    store, counted = sweep_here("naive")
    assert all("wer" in row for _, row in figures(store))
    assert (counted.scored, counted.trained) == (["lut8", "plan"], [])


def test_the_command_sends_the_scorer_to_its_workers(speech: Path, sweep_here: Run, tmp_path: Path) -> None:
    store, _ = sweep_here("naive")
    words = ["sweep", str(speech / "study.yaml"), "--store", str(tmp_path / "workers.sqlite"), "--jobs", "1"]
    assert main(words) == 0
    assert figures(tmp_path / "workers.sqlite") == figures(store)
