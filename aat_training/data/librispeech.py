"""A LibriSpeech tree on disk: SPEAKER/CHAPTER/SPEAKER-CHAPTER.trans.txt beside SPEAKER-CHAPTER-NUMBER.flac."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from aat_training.data.audio import audio_seconds
from aat_training.data.manifest import Entry
from nnasim import files, limits
from nnasim.errors import FileError, ManifestError
from nnasim.records import validated

_MAX_TRANSCRIPT_BYTES = limits.LIST_BYTES
_ID = re.compile(r"([0-9]{1,12})-([0-9]{1,12})-([0-9]{1,12})")


def librispeech_entries(folder: str | Path) -> Iterator[Entry]:
    """The utterances below ``folder``, in the order of their names; text lower-cased, duration from the header.

    Raises FileError when there is no transcript, and with the transcript's line: a line that is not "ID TEXT", or an
    utterance whose FLAC file is missing, empty, truncated or not audio.
    """
    transcripts = sorted(
        Path(home) / name for home, _, names in os.walk(folder) for name in names if name.endswith(".trans.txt")
    )
    if not transcripts:
        raise FileError(folder, "holds no LibriSpeech transcript (*.trans.txt)")
    for transcript in transcripts:
        lines = files.read_text(transcript, _MAX_TRANSCRIPT_BYTES).splitlines()
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _entry(line, transcript, f"{transcript} line {number}")


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
