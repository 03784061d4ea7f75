"""Files of comma-separated values: written at once, and read strictly."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from nnasim import files, limits
from nnasim.csvtext import csv_text
from nnasim.errors import InputError

MAX_BYTES = limits.CSV_BYTES


def write_csv(path: str | Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write ``csv_text`` as UTF-8, atomically."""
    files.write_bytes(path, csv_text(header, rows).encode("utf-8"))


def read_csv(path: str | Path, header: Sequence[str]) -> list[list[str]]:
    """The rows of a file that starts with ``header``.

    Raises InputError, which names the first line that does not fit.
    """
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
