"""A LibriSpeech tree: transcripts beside their FLAC files."""

import numpy as np
import pytest

from aat_training.data.librispeech import librispeech_entries
from aat_training.data.manifest import read_manifest, write_manifest
from nnasim.errors import NnasimError


@pytest.fixture
def tree(tmp_path, write_audio):
    root = tmp_path / "LibriSpeech" / "dev-clean"
    for speaker, chapter in ((84, 121123), (174, 50561)):
        folder = root / str(speaker) / str(chapter)
        for number in range(2):
            write_audio(folder / f"{speaker}-{chapter}-{number:04d}.flac", np.zeros(8000), 16_000)
        text = "".join(f"{speaker}-{chapter}-{n:04d} GO DO YOU HEAR\n" for n in range(2))
        (folder / f"{speaker}-{chapter}.trans.txt").write_text(text)
    return root


def test_every_line_of_every_transcript_becomes_an_entry(tree, tmp_path):
    entries = list(librispeech_entries(tree))
    assert [entry.id for entry in entries] == [
        "174-50561-0000", "174-50561-0001", "84-121123-0000", "84-121123-0001",
    ]  # fmt: skip
    assert (entries[0].speaker, entries[0].text, entries[0].duration) == ("174", "go do you hear", 0.5)
    write_manifest(tmp_path / "m.jsonl", entries)
    again = read_manifest(tmp_path / "m.jsonl")
    assert again[3].audio_filepath == "LibriSpeech/dev-clean/84/121123/84-121123-0001.flac"
    assert again[3].path.is_file()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("84-121123-0009 WORDS", "No such file"),
        ("84-121123-0001", "must be SPEAKER-CHAPTER-NUMBER"),
        ("84-121123-0000 AGAIN", "id = '84-121123-0000': stands already in"),
        ("../../secret WORDS", "must be SPEAKER-CHAPTER-NUMBER"),
        ("84-121123-0002 WORDS", "neither WAV nor FLAC"),
    ],
)
def test_a_bad_line_is_named(tree, line, complaint):
    folder = tree / "84" / "121123"
    (folder / "84-121123-0002.flac").write_text("text")
    (folder / "84-121123.trans.txt").write_text("84-121123-0000 GO\n" + line + "\n")
    with pytest.raises(NnasimError, match=complaint) as caught:
        list(librispeech_entries(tree))
    assert str(caught.value).startswith(f"{folder}/84-121123.trans.txt line 2")


def test_a_tree_without_transcripts_is_refused(tmp_path):
    for folder, complaint in ((tmp_path, "holds no LibriSpeech transcript"), (tmp_path / "absent", "cannot be read")):
        with pytest.raises(NnasimError, match=complaint):
            list(librispeech_entries(folder))


def test_a_line_separator_of_unicode_ends_no_line(tree):
    path = tree / "84" / "121123" / "84-121123.trans.txt"
    path.write_text("84-121123-0000 GO\u202884-121123-0001 ON\n")
    assert [entry.text for entry in librispeech_entries(tree)][2:] == ["go 84-121123-0001 on"]
