"""All files of a manifest are looked at before any is decoded."""

import struct

import numpy as np
import pytest

from aat_training.data.check import check_files, seconds_of
from aat_training.data.manifest import Entry
from nnasim.errors import ManifestError


def entry(number, **path):
    return Entry(id=str(number), duration=1.0, text="x", speaker="s", where=f"m.jsonl line {number}", **path)


@pytest.fixture
def good(tmp_path, write_audio):
    (tmp_path / "a.mfc").write_bytes(struct.pack(">I", 13) + bytes(52))
    audio = write_audio(tmp_path / "a.flac", np.zeros(800))
    return [entry(1, audio_filepath=str(audio)), entry(2, features_filepath=str(tmp_path / "a.mfc"))]


def test_good_files_say_how_long_they_are_whatever_the_manifest_declares(good):
    check_files(good)
    assert [seconds_of(entry) for entry in good] == [0.1, 0.01]


def test_offset_and_duration_cut_the_file(good):
    cut = [entry.model_copy(update={"offset": 0.02, "duration": 0.05}) for entry in good[:1]]
    assert [seconds_of(entry) for entry in cut] == [0.05]
    with pytest.raises(ManifestError, match=r"line 2: offset = 0.5: lies behind the end of .*lasts 0.01 s"):
        seconds_of(good[1].model_copy(update={"offset": 0.5}))


def test_the_first_bad_file_is_named_with_its_line(good, tmp_path):
    (tmp_path / "cut.mfc").write_bytes(struct.pack(">I", 13) + bytes(51))
    (tmp_path / "text.wav").write_text("hello")
    for bad, complaint in (
        ({"audio_filepath": str(tmp_path / "none.wav")}, "No such file"),
        ({"audio_filepath": str(tmp_path / "text.wav")}, "neither WAV nor FLAC"),
        ({"audio_filepath": str(tmp_path)}, "not a regular file"),
        ({"features_filepath": str(tmp_path / "cut.mfc")}, "truncated"),
    ):
        with pytest.raises(ManifestError, match=complaint) as caught:
            check_files([*good, entry(3, **bad), entry(4, audio_filepath="absent")])
        assert str(caught.value).startswith("m.jsonl line 3: ")
