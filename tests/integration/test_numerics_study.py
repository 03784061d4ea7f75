"""The training study as a user runs it: trained, broken off, gone on with, reported."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from nnasim.cli.main import main


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("espeakng_loader", reason="the synth extra is not installed")
    folder = tmp_path_factory.mktemp("speech")
    for name, voices, count in (("train", "train", 10), ("dev", "test", 4)):
        words = ["--voices", voices, "--utterances", str(count), "--max-digits", "2", "--out", f"{folder}/{name}.jsonl"]
        assert main(["data", "synth", *words]) == 0
    return folder


def study(speech: Path, out: Path, *more: str, base_steps: tuple[str, ...] = ("--base-steps", "3")) -> int:
    words = ["--recipe", "tiny", "--train", f"{speech}/train.jsonl", "--dev", f"{speech}/dev.jsonl"]
    words += ["--models", f"{speech}/models", "--out", str(out), "--chip", "lut8", "--seeds", "1", "--jobs", "1"]
    return main(["study", "numerics", *words, *base_steps, "--steps", "1", *more])


def test_the_study_trains_scores_and_reports(speech: Path, tmp_path: Path) -> None:
    assert study(speech, tmp_path / "first") == 0
    record = json.loads((tmp_path / "first" / "study.json").read_text())
    assert {row["arm"] for row in record["rows"]} >= {"float", "naive", "qat", "aat", "aat-segment", "aat-identity"}
    assert record["missing"] == []
    assert record["command"].startswith("nnasim study numerics")
    for name in ("report.html", "report.md", "wer.csv", "commands.csv", "training.csv", "figures/wer.svg"):
        assert (tmp_path / "first" / name).stat().st_size > 0


def test_a_score_of_the_study_is_what_its_command_prints(speech: Path, tmp_path: Path) -> None:
    assert study(speech, tmp_path / "again", "--as-it-is") == 0
    record = json.loads((tmp_path / "again" / "study.json").read_text())
    row = next(row for row in record["rows"] if row["arm"] == "naive")
    words = row["commands"][0].split()[1:]
    assert main([*words, "--json", f"{tmp_path}/score.json"]) == 0
    assert json.loads((tmp_path / "score.json").read_text())["errors"] == row["errors"]


def test_the_command_of_a_model_takes_it_for_its_own(speech: Path, tmp_path: Path, capsys) -> None:
    assert study(speech, tmp_path / "again", "--as-it-is") == 0
    record = json.loads((tmp_path / "again" / "study.json").read_text())
    (segment,) = (model for model in record["models"] if model["name"] == "seed-0/aat-segment-lut8")
    assert main([*shlex.split(segment["command"])[1:], "--resume"]) == 0
    assert "finished already" in capsys.readouterr().out


def test_a_base_that_was_brought_along_is_told_as_it_was_trained(speech: Path, tmp_path: Path) -> None:
    """Its steps and its command are its own, whatever the recipe says of a base."""
    assert study(speech, tmp_path / "trained") == 0
    assert study(speech, tmp_path / "again", "--as-it-is", base_steps=()) == 0
    record = json.loads((tmp_path / "again" / "study.json").read_text())
    (base,) = (model for model in record["models"] if model["name"] == "seed-0/base")
    made = json.loads((speech / "models/seed-0/base/model.json").read_text())["info"]
    assert record["base_steps"] == base["steps"] == made["run"]["steps"] == 3
    assert base["command"] == made["command"].replace("OUT", f"{speech}/models/seed-0/base")


def test_other_steps_than_those_of_the_base_that_is_there_are_refused(speech: Path, tmp_path: Path, capsys) -> None:
    assert study(speech, tmp_path / "trained") == 0
    capsys.readouterr()
    assert study(speech, tmp_path / "again", base_steps=("--base-steps", "77")) == 2
    assert f"--base-steps = 77: the model in {speech}/models/seed-0/base was trained for 3" in capsys.readouterr().err


def test_calibrations_are_chosen_on_other_speech(speech: Path, tmp_path: Path) -> None:
    assert study(speech, tmp_path / "chosen", "--as-it-is", "--choose", f"{speech}/train.jsonl") == 0
    record = json.loads((tmp_path / "chosen" / "study.json").read_text())
    tried = {method: wer for _, arm, method, wer in record["calibrations"] if arm == "naive"}
    assert len(tried) == 3
    (naive,) = (row for row in record["rows"] if row["arm"] == "naive")
    assert tried[naive["calibration"]] == min(tried.values())
    assert naive["commands"][0].split()[5] == f"{speech}/dev.jsonl"
    assert "this very speech" not in (tmp_path / "chosen" / "report.md").read_text()


def test_what_is_missing_is_trained_and_what_is_there_stays(speech: Path, tmp_path: Path) -> None:
    finished, lost = speech / "models/seed-0/float/model.json", speech / "models/seed-0/aat-lut8/model.json"
    before = finished.stat().st_mtime_ns
    lost.unlink()
    assert study(speech, tmp_path / "partly", "--as-it-is") == 0
    assert json.loads((tmp_path / "partly" / "study.json").read_text())["missing"] == ["seed-0/aat-lut8"]
    assert study(speech, tmp_path / "whole") == 0
    assert json.loads((tmp_path / "whole" / "study.json").read_text())["missing"] == []
    assert finished.stat().st_mtime_ns == before


def test_an_arm_that_cannot_be_trained_is_a_finding(speech: Path, tmp_path: Path) -> None:
    """Not a reason to lose the others: the run is refused here because its base is of another recipe."""
    models = speech / "models/seed-0"
    (models / "aat-identity-lut8/model.json").unlink()
    base = json.loads((models / "base/model.json").read_text())
    whole = json.dumps(base)
    base["recipe"]["name"] = "other"
    (models / "base/model.json").write_text(json.dumps(base))
    try:
        assert study(speech, tmp_path / "out") == 0
    finally:
        (models / "base/model.json").write_text(whole)
    record = json.loads((tmp_path / "out" / "study.json").read_text())
    assert list(record["failed"]) == ["seed-0/aat-identity-lut8"]
    assert "must be tiny" in record["failed"]["seed-0/aat-identity-lut8"]
    assert "must be tiny" in (tmp_path / "out" / "report.md").read_text()


def test_finished_arms_that_were_trained_otherwise_are_refused(speech: Path, tmp_path: Path, capsys) -> None:
    assert study(speech, tmp_path / "trained") == 0
    for more, complaint in (
        (["--steps", "2"], "steps = 2: the run in this folder has 1"),
        (["--learning-rate", "0.01"], "learning_rate = 0.01: the run in this folder has 0.001"),
        (["--distillation", "1"], "distillation = 1.0: the run in this folder has 0.0"),
    ):
        assert study(speech, tmp_path / "out", *more) == 2
        assert complaint in capsys.readouterr().err
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--chip", "abacus"], "--chip: name = 'abacus': must be one of lut8,"),
        (["--preset", "abacus"], "abacus"),
        (["--models", "{nowhere}", "--as-it-is"], "holds no model of this study yet"),
    ],
)
def test_wrong_input_is_refused_before_training(
    speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], complaint: str
) -> None:
    more = [word.format(nowhere=tmp_path / "nowhere") for word in more]
    assert study(speech, tmp_path / "out", *more) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
