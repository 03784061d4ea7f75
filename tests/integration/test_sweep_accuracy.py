"""Word errors in a sweep, the whole road: the tiny recogniser, trained on and scored once for each arithmetic."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")

from nnasim.cli.main import main
from nnasim.studies.sweep_accuracy import ModelScorer
from nnasim.sweep.local import InlineBackend
from nnasim.sweep.store import Store
from workloads.bundled import speech_manifest

AXES = {"numerics.activation": {"list": ["lut8", "plan"]}, "host.handoff_us": {"list": [5, 20, 50]}}
Run = Callable[..., Path]


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


@pytest.fixture
def sweep_here(speech: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a study in this process; returns its store."""
    monkeypatch.setattr("nnasim.sweep.local.LocalBackend", lambda jobs: InlineBackend())

    def run(system: str, axes: dict[str, object] = AXES, **more: object) -> Path:
        accuracy = {"checkpoints": "models", "manifest": "three.jsonl", "system": system, "limit": 2, **more}
        study = {
            "base": "edge256", "traces": [{"shape": "rnnt-paper", "frames": 2, "symbols": 1}], "axes": axes,
            "objectives": ["engine_latency_ms.p90", "wer"], "accuracy": accuracy,
        }  # fmt: skip
        path = speech / "study.yaml"
        path.write_text(json.dumps(study))
        assert main(["sweep", str(path), "--store", str(tmp_path / "s.sqlite"), "--jobs", "1"]) == 0
        return tmp_path / "s.sqlite"

    return run


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The arithmetics that were scored and that were trained for, in their order."""
    made: dict[str, list[str]] = {"scored": [], "trained": []}
    score, train = ModelScorer.__call__, ModelScorer._train

    def counted_score(self, numerics, system):
        made["scored"].append(numerics.activation)
        return score(self, numerics, system)

    def counted_train(self, out, numerics, budget):
        made["trained"].append(numerics.activation)
        path = train(self, out, numerics, budget)
        assert len((path / "log.csv").read_text().splitlines()) > 1
        assert json.loads((path / "model.json").read_text())["system"] == "aat"
        return path

    monkeypatch.setattr(ModelScorer, "__call__", counted_score)
    monkeypatch.setattr(ModelScorer, "_train", counted_train)
    return made


def figures(path: Path) -> list[tuple[str, dict]]:
    with Store(path) as store:
        return [(str(one.values.get("numerics.activation")), one.figures or {}) for _, one in store.all_outcomes()]


def test_each_arithmetic_is_trained_for_and_scored_once_whatever_the_other_axes(sweep_here: Run, calls) -> None:
    budget = {"steps": 1, "train": "three.jsonl", "dev": "three.jsonl"}
    found = figures(sweep_here("aat", finetune=budget))
    assert calls == {"scored": ["lut8", "plan"], "trained": ["lut8", "plan"]}
    assert len(found) == 6
    assert all(row["utterances"] == 2 and row["words"] > 0 and row["wer"] == row["errors"] / row["words"]
               for _, row in found)  # fmt: skip
    assert len({(name, row["errors"]) for name, row in found}) == 2
    figures(sweep_here("aat", finetune=budget))  # all is there
    more = {**AXES, "host.handoff_us": {"list": [5, 20, 50, 80]}}
    assert len(figures(sweep_here("aat", more, finetune=budget))) == 8  # new points, no new arithmetic
    assert calls["trained"] == ["lut8", "plan"]
    figures(sweep_here("aat", finetune={**budget, "steps": 2}))
    assert calls["trained"] == ["lut8", "plan"] * 2  # another budget is another model


def test_without_a_budget_the_float_model_is_calibrated_for_each_arithmetic(sweep_here: Run, calls) -> None:
    assert all("wer" in row for _, row in figures(sweep_here("naive")))
    assert calls == {"scored": ["lut8", "plan"], "trained": []}
