"""A corpus of cepstra as pieces, and `nnasim data recombine`, which joins them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from aat_training.checkpoint import Checkpoint, write_checkpoint
from aat_training.config import Recipe
from aat_training.data.cepstra import mfc_bytes, read_mfc
from aat_training.data.features import FeatureConfig
from aat_training.data.manifest import read_manifest
from aat_training.model.build import build_model, model_tensors
from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.tokens import WordTokens
from nnasim.cli.main import main

WORDS = ["one", "two", "three"]


@pytest.fixture
def checkpoint(tmp_path, recipe: Recipe):
    """A recogniser of cepstra whose CTC head knows nothing: every path is as good, and pauses decide."""
    cepstral = recipe.model_copy(update={"features": FeatureConfig(kind="cepstra")})
    torch.manual_seed(0)
    model = build_model(cepstral, len(WORDS) + 1, FloatArithmetic())
    folder = tmp_path / "model"
    folder.mkdir()
    made = Checkpoint(folder / "model.safetensors", cepstral, WordTokens(WORDS), "float", model_tensors(model))
    write_checkpoint(folder, made)
    return folder


def manifest(tmp_path, **changes):
    """Four utterances of two speakers, 2 s each, loud but for a pause in the middle."""
    lines = []
    for number in range(4):
        rows = np.random.default_rng(number).standard_normal((200, 13)).astype(np.float32)
        rows[:, 0] += 30
        rows[90:110, 0] = 0
        (tmp_path / f"{number}.mfc").write_bytes(mfc_bytes(rows))
        line = {"features_filepath": f"{number}.mfc", "duration": 2.0, "text": "one two", "speaker": f"s{number % 2}"}
        lines.append(json.dumps({**line, **changes}))
    path = tmp_path / "m.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def run(capsys, *arguments):
    code = main(["data", "recombine", *map(str, arguments)])
    return (code, *capsys.readouterr())


def test_new_utterances_stand_beside_their_manifest(tmp_path, checkpoint, capsys):
    out = tmp_path / "r.jsonl"
    code, printed, complained = run(
        capsys, manifest(tmp_path), "--checkpoint", checkpoint, "--utterances", 6, "--words", "2-4", "--out", out
    )
    assert code == 0, complained
    assert printed.splitlines()[0] == f"{out}: 6 utterances, cepstra in {tmp_path / 'r_cepstra'}"
    entries = read_manifest(out)
    assert len(entries) == 6
    for entry in entries:
        assert len(read_mfc(entry.path)) == round(100 * entry.duration)
        assert set(entry.text.split()) <= {"one", "two"}
        assert len(entry.text.split()) >= 2


def test_the_same_seed_makes_the_same_bytes(tmp_path, checkpoint, capsys):
    source = manifest(tmp_path)
    for name in "ab":
        (tmp_path / name).mkdir()
        run(capsys, source, "--checkpoint", checkpoint, "--utterances", 3, "--out", tmp_path / name / "r.jsonl")
    for file in ("r.jsonl", "r_cepstra/000002.mfc"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"speaker": None}, "speaker"),
        ({"text": "unheard"}, "holds no utterance whose words the checkpoint knows"),
        ({"features_filepath": None, "audio_filepath": "0.wav"}, "0.wav"),
    ],
)
def test_what_cannot_be_cut_is_one_line_and_leaves_nothing(tmp_path, checkpoint, capsys, changes, complaint):
    out = tmp_path / "r.jsonl"
    code, _, complained = run(capsys, manifest(tmp_path, **changes), "--checkpoint", checkpoint, "--out", out)
    assert code == 2
    assert complaint in complained
    assert complained.count("\n") == 1
    assert not out.exists()
    assert not (tmp_path / "r_cepstra").exists()


def test_a_recogniser_of_audio_is_refused(tmp_path, float_checkpoint, capsys):
    float_checkpoint.path.parent.mkdir()
    write_checkpoint(float_checkpoint.path.parent, float_checkpoint)
    code, _, complained = run(
        capsys, manifest(tmp_path), "--checkpoint", float_checkpoint.path.parent, "--out", tmp_path / "r.jsonl"
    )
    assert code == 2
    assert "recipe.features.kind = 'logmel': must be cepstra" in complained


def test_a_folder_is_no_manifest(tmp_path, checkpoint, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, complained = run(capsys, manifest(tmp_path), "--checkpoint", checkpoint, "--out", ".")
    assert code == 2
    assert "is a folder" in complained
