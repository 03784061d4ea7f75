"""Manifests: JSON lines that name utterances, their files and their words.

NeMo's manifests are read as they are: ``offset`` and ``duration`` cut an utterance out of its file, ``id`` and
``speaker`` may be missing, and further fields are kept by name so that a command can say which it does not use. The
limits of ``jsonl`` hold. Needs neither torch nor audio.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from aat_training.data.alignment import Timed, alignment_path, read_timed
from aat_training.data.foreign import refuse_foreign_file, refuse_foreign_line
from aat_training.data.jsonl import json_lines, values_of
from nnasim import files, limits
from nnasim.errors import FileError, ManifestError, named, shown
from nnasim.records import Frozen, validated

MAX_SECONDS = limits.AUDIO_SECONDS
MAX_TEXT = limits.MANIFEST_TEXT
SLACK_S = 0.01  # an utterance that ends so close to its file's end was meant to end there: durations are rounded
_FIELDS_KEPT = 20
_REQUIRED = ("duration", "text")
_PATHS = ("audio_filepath", "features_filepath")
FIELDS = ("id", *_PATHS, "duration", "offset", "text", "speaker")
# Control characters and lone surrogates: they could be neither shown on one line nor written as UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_printable(text: str) -> bool:
    """Whether a manifest may hold ``text``."""
    return _UNPRINTABLE.search(text) is None


def _printable(text: str) -> str:
    if match := _UNPRINTABLE.search(text):
        raise ValueError(f"must hold no control character ({match[0]!a})")
    return text


def _name(value: object) -> object:
    """Other tools' speakers are often numbers."""
    return str(value) if type(value) is int else value


Text = Annotated[str, AfterValidator(_printable)]
_Name = Annotated[Text, BeforeValidator(_name)]


class Entry(Frozen):
    """One utterance. ``audio_filepath`` or ``features_filepath``, exactly one, as the manifest wrote it.

    It lasts ``duration`` [s] from ``offset`` [s] of its file (null: from its start), or until the file ends. An empty
    ``text`` means that no words are spoken. ``where`` (manifest and line) is named in messages about this utterance;
    ``folder`` is where a relative path starts; ``timed``: its words' times, if the manifest has any beside it;
    ``unused`` names the line's further fields. These four are not part of the file.
    """

    model_config = ConfigDict(strict=True)

    id: Text = Field(min_length=1, max_length=500)
    audio_filepath: Text | None = Field(default=None, min_length=1, max_length=4096)
    features_filepath: Text | None = Field(default=None, min_length=1, max_length=4096)
    duration: float = Field(gt=0, le=MAX_SECONDS)
    offset: float | None = Field(default=None, ge=0, le=MAX_SECONDS)
    text: Text = Field(max_length=MAX_TEXT)
    speaker: _Name | None = Field(default=None, min_length=1, max_length=500)
    where: str = Field(default="entry", exclude=True, repr=False)
    folder: Path = Field(default=Path(), exclude=True, repr=False)
    timed: SkipJsonSchema[Timed | None] = Field(default=None, exclude=True, repr=False)
    unused: tuple[str, ...] = Field(default=(), exclude=True, repr=False)

    @property
    def speech_end(self) -> float | None:
        """Seconds at which speech ends; None if the manifest has no word times beside it."""
        return None if self.timed is None else self.timed.speech_end

    @property
    def field(self) -> str:
        """The one of the two path fields that this utterance has."""
        return "audio_filepath" if self.audio_filepath is not None else "features_filepath"

    @property
    def path(self) -> Path:
        """The file that holds its audio or its features."""
        return self.folder / str(self.audio_filepath or self.features_filepath)

    def span(self, count: int, rate: int) -> tuple[int, int]:
        """First and last (exclusive) of the ``count`` samples or rows, ``rate`` a second, that are this utterance.

        What ends within ``SLACK_S`` of the file's end, or behind it, ends with the file. Raises ManifestError for an
        ``offset`` behind it.
        """
        first = round((self.offset or 0.0) * rate)
        if first >= count:
            why = f"lies behind the end of {self.path}, which lasts {count / rate:g} s"
            raise ManifestError(self.where, "offset", self.offset, why)
        last = max(first + 1, first + round(self.duration * rate))
        return first, count if last > count - SLACK_S * rate else last

    def refuse(self, error: FileError) -> ManifestError:
        """``error`` about this utterance's file, with the manifest's line in front."""
        return ManifestError(self.where, self.field, self.path, error.why)


def read_manifest(path: str | Path, limit: int | None = None) -> list[Entry]:
    """The utterances of a manifest, in its order; the first ``limit`` of them, and all lines are checked.

    One without an id is named after its file, its offset and its line. Raises FileError (unreadable, over a limit, not
    UTF-8, not strict JSON, of another kind, a field is missing, no utterance at all) and ManifestError (a field of a
    wrong type or value; an id twice; word times beside the manifest that lack an utterance, or are not its own); each
    names the file and the line.
    """
    refuse_foreign_file(path)
    timed = read_timed(path)
    entries = (entry_of(data, number, where, Path(path).parent) for number, where, data in json_lines(path))
    first = list(unique(entries, path))[:limit]
    return first if timed is None else [_with_times(entry, timed, alignment_path(path)) for entry in first]


def unique(entries: Iterable[Entry], source: str | Path) -> Iterator[Entry]:
    """``entries``, each id once. Raises ManifestError for an id that is there twice, FileError if there is no entry."""
    first: dict[str, str] = {}
    for entry in entries:
        if first.setdefault(entry.id, entry.where) != entry.where:
            raise ManifestError(entry.where, "id", entry.id, f"stands already in {first[entry.id]}")
        yield entry
    if not first:
        raise FileError(source, "holds no utterance")


def entry_of(data: Any, number: int, where: str, folder: Path) -> Entry:
    """The utterance of line ``number``, as parsed; relative paths start at ``folder``.

    Raises FileError or ManifestError.
    """
    _check_fields(data, where)
    fields = {name: value for name, value in data.items() if name in FIELDS}
    fields |= {"where": where, "folder": folder, "unused": _unused(data)}
    if data.get("id") is None:
        # What the name is made of is checked first, under a name that says nothing.
        unnamed = validated(Entry, {**fields, "id": "-"}, where, ManifestError)
        fields["id"] = f"{unnamed.path.stem[:400]}-{unnamed.offset or 0:g}-{number}"
    return validated(Entry, fields, where, ManifestError)


def _unused(data: dict[str, Any]) -> tuple[str, ...]:
    """The line's further fields, no more of them than a note could mean; all lines share the names."""
    return tuple(sys.intern(name) for name in islice((name for name in data if name not in FIELDS), _FIELDS_KEPT))


def _with_times(entry: Entry, by_id: dict[str, Timed], source: Path) -> Entry:
    """``entry`` with its words' times, which all utterances with words have: figures would else be of the others."""
    timed = by_id.get(entry.id)
    if timed is None:
        if entry.text.split():
            why = (
                f"must be one of the utterances whose words' times stand in {named(source)}, or that must not be there"
            )
            raise ManifestError(entry.where, "id", entry.id, why)
        return entry
    timed.refuse_other_text(entry.text, entry.where)
    timed.refuse_end_behind(entry.duration, entry.where)
    return entry.model_copy(update={"timed": timed})


def _check_fields(data: Any, where: str) -> None:
    """Raise FileError unless ``data`` is an object with each required field and one of the two paths."""
    if not isinstance(data, dict):
        raise FileError(where, f"is not a JSON object: {shown(data)}")
    refuse_foreign_line(data, where)
    if sum(data.get(name) is not None for name in _PATHS) != 1:
        raise FileError(where, "needs exactly one of 'audio_filepath' and 'features_filepath'" + _has(data))
    for name in _REQUIRED:
        if name not in data:
            raise FileError(where, f"the field {name!r} is missing" + _has(data))


def _has(data: dict[str, Any]) -> str:
    """A text with the fields that the line has instead, so that a misspelt field shows."""
    names = ", ".join(ascii(name[:80])[1:-1] for name in list(data)[:8])
    return f"; the line has {names}" if names else ""


def write_manifest(path: str | Path, entries: Iterable[Entry], *, force: bool = False) -> None:
    """Write a manifest, at once or not at all; relative paths are rewritten to start at its own folder.

    Raises FileError when it exists (without ``force``) or cannot be written.
    """
    files.write_bytes(path, manifest_bytes(path, entries), force=force)


def manifest_bytes(path: str | Path, entries: Iterable[Entry]) -> bytes:
    """The bytes that ``write_manifest`` writes: one JSON object per line, keys sorted.

    Raises FileError or ManifestError for what ``read_manifest`` would refuse.
    """
    home = os.path.realpath(Path(path).parent)
    lines = [files.json_text(_record(entry, home), indent=None).encode() for entry in entries]
    data = b"".join(lines)
    for what, number, most in (
        ("utterances", len(lines), limits.MANIFEST_LINES),
        ("bytes", len(data), limits.MANIFEST_BYTES),
        ("commas and opening brackets", values_of(data), limits.MANIFEST_VALUES),
    ):
        if number > most:
            raise FileError(path, f"would have {number:,} {what}, at most {most:,} are allowed: make several of it")
    return data


def _record(entry: Entry, home: str) -> dict[str, Any]:
    record = entry.model_dump(exclude_none=True)
    written = Path(record[entry.field])
    if not written.is_absolute():
        record[entry.field] = os.path.relpath(os.path.realpath(entry.path), home)
        validated(Entry, record, entry.where, ManifestError)  # the folders on the way have names too
    return record
