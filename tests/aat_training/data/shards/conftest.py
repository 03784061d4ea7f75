"""A small corpus as manifest and as shards: whole files, cuts, and texts that nobody can learn."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from aat_training.data.shards.write import write_shards

WORDS = ("one", "two", "three", "four")


@pytest.fixture
def manifest(tmp_path):
    """14 utterances of half a second to two: FLAC files, and the last four cut out of one WAV."""
    rng = np.random.default_rng(1)
    lines = []
    for number in range(10):
        samples = 0.1 * rng.standard_normal(4000 + 1000 * number)
        soundfile.write(tmp_path / f"u{number}.flac", samples, 8000, subtype="PCM_16")
        lines.append({"id": f"u{number}", "audio_filepath": f"u{number}.flac", "duration": len(samples) / 8000})
    soundfile.write(tmp_path / "long.wav", 0.1 * rng.standard_normal(8 * 8000), 8000, subtype="PCM_16")
    for number in range(4):
        cut = {"audio_filepath": "long.wav", "offset": 1.5 * number, "duration": 1.25}
        lines.append({"id": f"cut{number}", **cut})
    for number, line in enumerate(lines):
        line["text"] = " ".join(WORDS[(number + k) % 4] for k in range(1 + number % 3))
        line["speaker"] = f"s{number % 2}"
    path = tmp_path / "speech.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def shards(manifest, tmp_path):
    """The folder of its shards, five or so of 3.6 s."""
    folder = tmp_path / "shards"
    write_shards([manifest], folder, 0.001)
    return folder
