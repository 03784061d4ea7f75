"""Recordings of one's own as a manifest."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the train extra is not installed")
pytest.importorskip("soundfile", reason="the train extra is not installed")

import soundfile

import nnasim
from aat_training.data.manifest import read_manifest
from nnasim.errors import ConfigError, FileError


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "one.wav", np.zeros(16000, np.float32), 16000)
    return tmp_path / "one.wav"


def test_a_recording_is_listed_with_its_seconds_and_words(recording: Path, tmp_path: Path) -> None:
    manifest = nnasim.write_manifest(tmp_path / "mine.jsonl", {recording: "stop"})
    (entry,) = read_manifest(manifest)
    assert (entry.duration, entry.text, entry.path.samefile(recording)) == (1.0, "stop", True)
    with pytest.raises(FileError, match="exists already"):
        nnasim.write_manifest(manifest, {recording: "stop"})


def test_nothing_and_what_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must hold at least one recording"):
        nnasim.write_manifest(tmp_path / "mine.jsonl", {})
    with pytest.raises(FileError, match=r"nowhere\.wav"):
        nnasim.write_manifest(tmp_path / "mine.jsonl", {"nowhere.wav": "stop"})
    assert not (tmp_path / "mine.jsonl").exists()
