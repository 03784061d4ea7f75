"""What a training study keeps beside its models is read back only for what it was made from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from nnasim.studies.training.plan import NumericsStudy
from nnasim.studies.training.scoring import _made_from, reference_words


def written(path: Path, record: object) -> Path:
    path.write_text(record if isinstance(record, str) else json.dumps(record))
    return path


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
