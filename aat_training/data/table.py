"""A table with a header (CSV, or TSV as Common Voice has it) as utterances: one a row."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from pathlib import Path

from aat_training.data.check import seconds_of
from aat_training.data.foreign import COLUMNS, field_of
from aat_training.data.jsonl import MAX_LINES
from aat_training.data.manifest import MAX_SECONDS, Entry, entry_of
from nnasim import filekind, files, limits
from nnasim.errors import FileError, ManifestError
from nnasim.tablefile import table_lines

_NUMBERS = ("offset", "duration")
_NUMBER = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*")  # and not 1_0, which Python takes


def table_entries(text: str, source: Path) -> Iterator[Entry]:
    """The utterances of a table's rows; relative paths start at its folder, a missing duration is the file's.

    Raises FileError or ManifestError with the line: no column for the audio or the text, two for one field, a row of
    another length.
    """
    csv.field_size_limit(limits.TABLE_LINE)
    reader = csv.reader(table_lines(text, source), delimiter=filekind.delimiter(text), strict=True)
    try:
        fields = _fields(next(reader, []), source)
        for row in reader:
            if reader.line_num > MAX_LINES:
                raise FileError(source, f"has more than {MAX_LINES:,} lines")
            if row:
                yield _entry(fields, row, reader.line_num, source)
    except csv.Error as error:
        raise FileError(f"{source} line {reader.line_num}", f"is no row of a table ({error})") from None


def _fields(header: list[str], source: Path) -> list[str]:
    """The field of each column; a column of another name keeps it."""
    if len(header) > limits.TABLE_COLUMNS:
        raise FileError(source, f"line 1 has {len(header)} columns, at most {limits.TABLE_COLUMNS:,} are allowed")
    fields = [field_of(name.strip().lower()) for name in header]
    for field in COLUMNS:
        if fields.count(field) > 1:
            raise FileError(source, f"line 1 has several columns for {field}: {', '.join(COLUMNS[field])}")
    for choices in (("audio_filepath", "features_filepath"), ("text",)):
        if not set(choices) & set(fields):
            columns = ", ".join(name for field in choices for name in COLUMNS[field])
            raise FileError(source, f"line 1 names no column for {choices[0]} (one of {columns}){files.seems(source)}")
    return fields


def _entry(fields: list[str], row: list[str], number: int, source: Path) -> Entry:
    where = f"{source} line {number}"
    if len(row) != len(fields):
        raise FileError(where, f"has {len(row)} columns, the header names {len(fields)}")
    data: dict[str, object] = dict(zip(fields, map(str.strip, row), strict=True))
    for name in COLUMNS:
        if name != "text" and data.get(name) == "":
            del data[name]
    for name in _NUMBERS:
        if name in data:
            data[name] = number_of(str(data[name]), where, name)
    return (entry_of if "duration" in data else entry_with_seconds)(data, number, where, source.parent)


def entry_with_seconds(data: dict[str, object], number: int, where: str, folder: Path) -> Entry:
    """``entry_of`` a line without a duration: the utterance lasts until its file ends."""
    entry = entry_of({**data, "duration": float(MAX_SECONDS)}, number, where, folder)
    return entry.model_copy(update={"duration": round(seconds_of(entry), 6)})


def number_of(text: str, where: str, name: str) -> float:
    """The finite number that ``text`` writes in decimal digits. Raises ManifestError if it is none."""
    value = float(text) if len(text) <= limits.INTEGER_DIGITS and _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise ManifestError(where, name, text, "must be a number of seconds")
    return value
