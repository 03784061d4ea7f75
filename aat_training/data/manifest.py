"""Manifests: JSON lines that say which utterances exist, where they are and what is said in them.

The limits of ``jsonl`` hold. Needs neither torch nor audio.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from aat_training.data.alignment import Alignment, read_alignments
from aat_training.data.jsonl import json_lines
from nnasim import files
from nnasim.errors import FileError, ManifestError, shown
from nnasim.records import Frozen, validated

MAX_SECONDS = 3600
MAX_TEXT = 100_000  # characters: twice what an hour of fast speech holds
_REQUIRED = ("id", "duration", "text", "speaker")
_PATHS = ("audio_filepath", "features_filepath")
# Control characters and lone surrogates: they could be neither shown on one line nor written as UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def _printable(text: str) -> str:
    if found := _UNPRINTABLE.search(text):
        raise ValueError(f"must hold no control character ({found[0]!a})")
    return text


def _spoken(text: str) -> str:
    if not text.strip():
        raise ValueError("must hold at least one word")
    return text


_Text = Annotated[str, AfterValidator(_printable)]


class Entry(Frozen):
    """One utterance. ``audio_filepath`` or ``features_filepath``, exactly one, as the manifest wrote it.

    ``duration`` [s] is informative: what is measured comes from the audio itself. ``where`` (manifest and line) is
    what messages about this utterance name; ``folder`` is where a relative path starts; ``speech_end`` [s] is known
    where the manifest has word times beside it. These three are not part of the file.
    """

    model_config = ConfigDict(strict=True)

    id: _Text = Field(min_length=1, max_length=500)
    audio_filepath: _Text | None = Field(default=None, min_length=1, max_length=4096)
    features_filepath: _Text | None = Field(default=None, min_length=1, max_length=4096)
    duration: float = Field(gt=0, le=MAX_SECONDS)
    text: Annotated[_Text, AfterValidator(_spoken)] = Field(max_length=MAX_TEXT)
    speaker: _Text = Field(min_length=1, max_length=500)
    where: str = Field(default="entry", exclude=True, repr=False)
    folder: Path = Field(default=Path(), exclude=True, repr=False)
    speech_end: float | None = Field(default=None, exclude=True, repr=False)

    @property
    def field(self) -> str:
        """Which of the two path fields this utterance has."""
        return "audio_filepath" if self.audio_filepath is not None else "features_filepath"

    @property
    def path(self) -> Path:
        """The file that holds its audio or its features."""
        return self.folder / str(self.audio_filepath or self.features_filepath)

    def refuse(self, error: FileError) -> ManifestError:
        """``error`` about this utterance's file, with the manifest's line in front."""
        return ManifestError(self.where, self.field, self.path, error.why)


def read_manifest(path: str | Path) -> list[Entry]:
    """All utterances of a manifest, in its order.

    Raises FileError (unreadable, over a limit, not UTF-8, not strict JSON) and ManifestError (a field is missing,
    unknown, of a wrong type or value; an id twice; no utterance at all); each names the file and the line.
    """
    first: dict[str, str] = {}
    entries = []
    alignments = read_alignments(path)
    for where, data in json_lines(path):
        entry = _entry(data, where, Path(path).parent, alignments)
        if first.setdefault(entry.id, where) != where:
            raise ManifestError(where, "id", entry.id, f"stands already in {first[entry.id]}")
        entries.append(entry)
    if not entries:
        raise FileError(path, "holds no utterance")
    return entries


def _entry(data: Any, where: str, folder: Path, alignments: dict[str, Alignment]) -> Entry:
    _check_fields(data, where)
    spoken = alignments.get(data["id"]) if isinstance(data["id"], str) else None
    end = None if spoken is None else spoken.speech_end
    return validated(Entry, {**data, "where": where, "folder": folder, "speech_end": end}, where, ManifestError)


def _check_fields(data: Any, where: str) -> None:
    """Exactly the fields of the format: each required one, one of the two paths, nothing else."""
    if not isinstance(data, dict):
        raise FileError(where, f"is not a JSON object: {shown(data)}")
    for name in _REQUIRED:
        if name not in data:
            raise FileError(where, f"the field {name!r} is missing")
    for name in data:
        if name not in _REQUIRED + _PATHS:
            allowed = ", ".join(_REQUIRED + _PATHS)
            raise FileError(where, f"the field {name[:80]!a} is unknown; allowed: {allowed}")
    if sum(data.get(name) is not None for name in _PATHS) != 1:
        raise FileError(where, "needs exactly one of 'audio_filepath' and 'features_filepath'")


def write_manifest(path: str | Path, entries: Iterable[Entry], *, force: bool = False) -> None:
    """Write a manifest, at once or not at all; relative paths are rewritten to start at its own folder.

    Raises FileError when it exists (without ``force``) or cannot be written.
    """
    files.write_bytes(path, manifest_bytes(path, entries), force=force)


def manifest_bytes(path: str | Path, entries: Iterable[Entry]) -> bytes:
    """What ``write_manifest`` writes: one JSON object a line, keys sorted."""
    home = os.path.realpath(Path(path).parent)
    return "".join(files.json_text(_record(entry, home), indent=None) for entry in entries).encode()


def _record(entry: Entry, home: str) -> dict[str, Any]:
    record = entry.model_dump(exclude_none=True)
    written = Path(record[entry.field])
    if not written.is_absolute():
        record[entry.field] = os.path.relpath(os.path.realpath(entry.path), home)
    return record
