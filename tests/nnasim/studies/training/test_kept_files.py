"""What a training study keeps beside its models is read like every other file: whole, its own, or one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from nnasim.errors import CheckpointError, FileError
from nnasim.studies.training.plan import NumericsStudy
from nnasim.studies.training.record import _cpu_seconds, _origin
from nnasim.studies.training.runs import failure
from nnasim.studies.training.scoring import _kept, _made_from, reference_words

MADE_FROM, WORDS = ["a", "b"], (2, 3)
WHOLE = {"made_from": MADE_FROM, "command": ["nnasim", "evaluate"], "errors": [0, 1], "words": list(WORDS)}


def written(path: Path, record: object) -> Path:
    path.write_text(record if isinstance(record, str) else json.dumps(record))
    return path


def test_a_score_is_read_back_and_one_made_from_other_things_is_none(tmp_path: Path) -> None:
    path = written(tmp_path / "score.json", WHOLE)
    score = _kept(path, MADE_FROM, WORDS)
    assert score is not None
    assert (score.errors, score.words) == (1, 5)
    assert _kept(path, ["a", "c"], WORDS) is None
    assert _kept(tmp_path / "none.json", MADE_FROM, WORDS) is None


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        ("[]", "score.json"),
        ("null", "score.json"),
        ('{"errors": 1}', "must be given"),
        (WHOLE | {"errors": None}, "errors"),
        (WHOLE | {"errors": [0, -1]}, "errors.1 = -1: must be a whole number of at least 0"),
        (WHOLE | {"errors": [0, 1.5]}, "errors.1 = 1.5"),
        (WHOLE | {"errors": [0, True]}, "errors.1 = True"),
        (WHOLE | {"errors": [0]}, "words = '5 of 1': must be the 5 words of 2 utterances"),
        (WHOLE | {"words": [2, 4]}, "words = '6 of 2': must be the 5 words of 2 utterances"),
        (WHOLE | {"made_from": 5}, "made_from = 5"),
    ],
)
def test_a_hostile_score_is_one_line(tmp_path: Path, record: object, complaint: str) -> None:
    path = written(tmp_path / "score.json", record)
    with pytest.raises((CheckpointError, FileError)) as refused:
        _kept(path, MADE_FROM, WORDS)
    assert str(refused.value).startswith(str(path))
    assert complaint in str(refused.value)


@pytest.mark.parametrize("record", ["[]", "{}", '{"message": 5}', '{"message": "a", "more": 1}'])
def test_a_hostile_word_on_a_failure_is_one_line(tmp_path: Path, record: str) -> None:
    path = written(tmp_path / "failed.json", record)
    with pytest.raises(CheckpointError, match=f"^{path}"):
        failure(tmp_path)


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "x", ""])
def test_a_log_whose_time_is_no_number_is_one_line(tmp_path: Path, seconds: str) -> None:
    path = written(tmp_path / "log.csv", f"step,cpu_seconds\n1,{seconds}\n")
    with pytest.raises(FileError, match=f"^{path}: "):
        _cpu_seconds(path)


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"run": 5},
        {"run": {}},
        {"run": {"steps": "x"}},
        {"run": {"steps": 1}, "command": 5},
        {"run": {"steps": 1}, "command": "\ud800"},
    ],
)
def test_a_base_that_does_not_say_what_made_it_is_one_line(stored: Path, info: dict[str, object]) -> None:
    path = stored / "model.json"
    written(path, json.loads(path.read_text()) | {"info": info})
    with pytest.raises(CheckpointError, match=f"^{path}: info"):
        _origin(stored)


def test_a_base_that_was_trained_from_python_has_no_command(stored: Path) -> None:
    path = stored / "model.json"
    written(path, json.loads(path.read_text()) | {"info": {"run": {"steps": 3}}})
    assert (_origin(stored).run.steps, _origin(stored).command) == (3, None)


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A checkpoint of the tiny recipe."""
    import torch

    from aat_training.checkpoint import Checkpoint, write_checkpoint
    from aat_training.model.build import build_model, model_tensors
    from aat_training.model.float_arithmetic import FloatArithmetic
    from aat_training.recipes import tiny
    from aat_training.tokens import WordTokens

    torch.manual_seed(0)
    tensors = model_tensors(build_model(tiny(), 3, FloatArithmetic()))
    folder = tmp_path / "seed-0" / "float"
    folder.mkdir(parents=True)
    write_checkpoint(folder, Checkpoint(folder / "model.safetensors", tiny(), WordTokens(["a", "b"]), "float", tensors))
    return folder


def test_a_score_is_made_from_all_that_it_depends_on(stored: Path, tmp_path: Path) -> None:
    """So a chip that changes, or another way to find ranges, or other audio, is never read back as the old score."""
    audio, manifest = tmp_path / "a.wav", tmp_path / "dev.jsonl"
    audio.write_bytes(b"x" * 10)
    written(manifest, json.dumps({"audio_filepath": "a.wav", "duration": 1, "text": "a b"}) + "\n")
    study = NumericsStudy("tiny", (manifest,), manifest, tmp_path, seeds=1)
    naive = next(trial for trial in study.trials() if (trial.arm, trial.chip) == ("naive", "lut8"))
    made_from = _made_from(study, naive, manifest)
    for change in ({"calibration": "max"}, {"system": "cpu_fallback"}, {"chip": "hard"}):
        assert _made_from(study, replace(naive, **change), manifest) != made_from
    audio.write_bytes(b"x" * 11)
    assert _made_from(study, naive, manifest) != made_from


def test_words_are_counted_as_they_are_scored(tmp_path: Path) -> None:
    manifest = written(tmp_path / "dev.jsonl", '{"audio_filepath": "a.wav", "duration": 1, "text": "One, 21!"}\n')
    assert reference_words(NumericsStudy("tiny", (manifest,), manifest, tmp_path), manifest) == (3,)
