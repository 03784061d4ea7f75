"""A LibriSpeech tree on disk: SPEAKER/CHAPTER/SPEAKER-CHAPTER.trans.txt beside SPEAKER-CHAPTER-NUMBER.flac."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from aat_training.data.audio import audio_seconds
from aat_training.data.manifest import Entry, unique
from nnasim import files, limits
from nnasim.errors import FileError, ManifestError, reading
from nnasim.records import validated
from nnasim.tablefile import table_lines

_MAX_TRANSCRIPT_BYTES = limits.LIST_BYTES
_ID = re.compile(r"([0-9]{1,12})-([0-9]{1,12})-([0-9]{1,12})")


def librispeech_entries(folder: str | Path) -> Iterator[Entry]:
    """The utterances below ``folder``, in the order of their names; text lower-cased, duration from the header.

    Raises FileError when there is no transcript, or a folder that cannot be read; and with the transcript's line: one
    that is not "ID TEXT", an id that is there twice, or an utterance whose FLAC file is missing, empty, truncated or
    not audio.
    """
    yield from unique(_entries(folder), folder)


def _entries(folder: str | Path) -> Iterator[Entry]:
    with reading(folder):
        transcripts = sorted(
            Path(home) / name
            for home, _, names in os.walk(folder, onerror=_raise)
            for name in names
            if name.endswith(".trans.txt")
        )
    if not transcripts:
        raise FileError(folder, "holds no LibriSpeech transcript (*.trans.txt)")
    for transcript in transcripts:
        text = files.read_text(transcript, _MAX_TRANSCRIPT_BYTES)
        for number, line in enumerate(table_lines(text, transcript), start=1):
            if line.strip():
                yield _entry(line.strip(), transcript, f"{transcript} line {number}")


def _raise(error: OSError) -> None:
    """Raise ``error``: a folder that cannot be read is not one that holds nothing."""
    raise error


def _entry(line: str, transcript: Path, where: str) -> Entry:
    name, *words = line.split()
    match = _ID.fullmatch(name)
    if match is None or not words:
        raise ManifestError(where, "", line, "must be SPEAKER-CHAPTER-NUMBER and the text")
    path = transcript.parent / f"{name}.flac"
    try:
        seconds = audio_seconds(path)
    except FileError as error:
        raise ManifestError(where, "audio", path, error.why) from None
    entry = {
        "id": name, "audio_filepath": path.name, "duration": round(seconds, 6), "text": " ".join(words).lower(),
        "speaker": match[1], "where": where, "folder": path.parent,
    }  # fmt: skip
    return validated(Entry, entry, where, ManifestError)
