"""A data folder of Kaldi as utterances: ``wav.scp``, ``text``, and ``segments`` and ``utt2spk`` where they stand."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from aat_training.data.manifest import Entry, entry_of
from aat_training.data.table import entry_with_seconds, number_of
from nnasim import files, limits
from nnasim.errors import FileError, ManifestError
from nnasim.tablefile import table_lines

_MAX_BYTES = limits.MANIFEST_BYTES
_SEPARATOR = re.compile("[ \t]+")
_NOBODY = ("", None)
_TO_THE_END = -1  # as a segment's END: the recording's


def kaldi_entries(folder: Path) -> Iterator[Entry]:
    """The utterances of ``text``, in its order; relative paths of ``wav.scp`` start at ``folder``.

    Raises FileError or ManifestError with the line: an utterance without a recording, or a recording that is a command.
    """
    for name in ("wav.scp", "text"):
        if not (folder / name).exists():
            raise FileError(folder, f"is no data folder of Kaldi: it lacks {name}")
    recordings = _table(folder / "wav.scp")
    segments, speakers = _optional(folder / "segments"), _optional(folder / "utt2spk")
    for number, (utterance, (where, text)) in enumerate(_table(folder / "text").items(), start=1):
        fields: dict[str, object] = {
            "id": utterance,
            "text": text,
            "speaker": (speakers or {}).get(utterance, _NOBODY)[1],
        }
        recording = utterance
        if segments is not None:
            recording, fields["offset"], end = _segment(segments, utterance, where)
            if end != _TO_THE_END:
                fields["duration"] = end - fields["offset"]  # type: ignore[operator]
        fields["audio_filepath"] = _path(recordings, recording, where)
        yield (entry_of if "duration" in fields else entry_with_seconds)(fields, number, where, folder)


def _table(path: Path) -> dict[str, tuple[str, str]]:
    """First word of each line -> where it stands, and the rest. Blanks and tabs separate, and nothing else does."""
    rows: dict[str, tuple[str, str]] = {}
    for number, line in enumerate(table_lines(files.read_text(path, _MAX_BYTES), path), start=1):
        if number > limits.MANIFEST_LINES:
            raise FileError(path, f"has more than {limits.MANIFEST_LINES:,} lines")
        name, *rest = _SEPARATOR.split(line.strip(" \t\r\n"), maxsplit=1)
        where = f"{path} line {number}"
        if name in rows:
            raise ManifestError(where, "id", name, f"stands already in {rows[name][0]}")
        if name:
            rows[name] = (where, "".join(rest))
    return rows


def _optional(path: Path) -> dict[str, tuple[str, str]] | None:
    """The table at ``path``; None where there is none. A link that leads nowhere is one that cannot be read."""
    return _table(path) if os.path.lexists(path) else None


def _segment(segments: dict[str, tuple[str, str]], utterance: str, where: str) -> tuple[str, float, float]:
    if utterance not in segments:
        raise ManifestError(where, "id", utterance, "has no line in segments")
    place, line = segments[utterance]
    words = line.split()
    if len(words) != 3:
        raise ManifestError(place, "segment", line, "must be UTTERANCE RECORDING START END")
    return words[0], number_of(words[1], place, "START"), number_of(words[2], place, "END")


def _path(recordings: dict[str, tuple[str, str]], recording: str, where: str) -> str:
    if recording not in recordings:
        raise ManifestError(where, "recording", recording, "has no line in wav.scp")
    place, path = recordings[recording]
    if path.endswith("|"):
        raise ManifestError(place, "recording", path, "is a command, which is never run: save its audio to a file")
    return path
