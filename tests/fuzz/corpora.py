"""Corpora as they lie on a disk, one of each that a manifest is made from: a word or two each."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


def make_corpora(folder: Path) -> None:
    """Write them into ``folder``: takes of digits, with an index of words; AN4; LibriSpeech; cepstra to recombine."""
    _digits(folder / "digits")
    _librispeech(folder / "tree")
    _cepstra(folder / "an4")
    _recogniser_of_cepstra(folder / "cepstral")


def _digits(folder: Path) -> None:
    import soundfile

    folder.mkdir()
    rows = ["path\ttext\tspeaker\tsplit"]
    for digit in range(10):
        name = f"{digit}_anna_0.wav"
        soundfile.write(folder / name, np.pad(0.1 * np.sin(np.arange(1000)), 200), 8000, subtype="PCM_16")
        rows.append(f"{name}\tword\tanna\ttrain")
    (folder / "index.tsv").write_text("\n".join(rows))


def _librispeech(folder: Path) -> None:
    import soundfile

    folder.mkdir()
    soundfile.write(folder / "1-2-3.flac", np.zeros(1600), 16_000, subtype="PCM_16")
    (folder / "1-2.trans.txt").write_text("1-2-3 HELLO\n")


def _cepstra(folder: Path) -> None:
    """Two utterances of one speaker, loud but for a pause in the middle."""
    from aat_training.data.cepstra import mfc_bytes

    folder.mkdir()
    rows, lines = ["path\tspeaker\ttext"], []
    for number in range(2):
        features = np.random.default_rng(number).normal(size=(60, 13)).astype(np.float32)
        features[:, 0] += 30
        features[25:35, 0] = 0
        (folder / f"{number}.mfc").write_bytes(mfc_bytes(features))
        rows.append(f"{number}.mfc\tanna\tONE TWO")
        lines.append({"features_filepath": f"an4/{number}.mfc", "duration": 0.6, "text": "one two", "speaker": "anna"})
    (folder / "dev.tsv").write_text("\n".join(rows))
    (folder.parent / "an4.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def _recogniser_of_cepstra(folder: Path) -> None:
    """One that has learned nothing: every path is as good, and pauses decide."""
    import torch

    from aat_training.checkpoint import Checkpoint, write_checkpoint
    from aat_training.data.features import FeatureConfig
    from aat_training.model.build import build_model, model_tensors
    from aat_training.model.float_arithmetic import FloatArithmetic
    from aat_training.recipes import load_recipe
    from aat_training.tokens import WordTokens

    folder.mkdir()
    recipe = load_recipe("tiny").model_copy(update={"features": FeatureConfig(kind="cepstra"), "tokens": "word"})
    torch.manual_seed(0)
    tensors = model_tensors(build_model(recipe, 3, FloatArithmetic()))
    write_checkpoint(
        folder, Checkpoint(folder / "model.safetensors", recipe, WordTokens(["one", "two"]), "float", tensors)
    )
