"""Comma-separated values by RFC 4180: a cell is data, whatever it holds, and reads back unchanged."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from nnasim import files, limits
from nnasim.errors import InputError

MAX_BYTES = limits.CSV_BYTES


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """``header`` and ``rows`` as text with "\\n" line ends; None becomes an empty cell."""
    lines = [",".join(_cell(value) for value in row) for row in (header, *rows)]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    if any(character in text for character in ',"\r\n') or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text


def write_csv(path: str | Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """``csv_text`` as UTF-8, atomically."""
    files.write_bytes(path, csv_text(header, rows).encode("utf-8"))


def read_csv(path: str | Path, header: Sequence[str]) -> list[list[str]]:
    """The rows of a file that starts with ``header``; InputError names the first line that does not fit."""
    csv.field_size_limit(MAX_BYTES)  # the file's size is bounded, so a cell's is
    reader = csv.reader(io.StringIO(files.read_text(path, MAX_BYTES), newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}", "", "", f"is not CSV ({error})") from None
    if not rows or rows[0] != list(header):
        raise InputError(path, "header", rows[0] if rows else "", f"must be {','.join(header)}")
    for index, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise InputError(f"{path}: row {index}", "", row, f"must have {len(header)} cells")
    return rows[1:]
