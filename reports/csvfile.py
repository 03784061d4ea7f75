"""Files of comma-separated values: written at once, and read strictly."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from nnasim import files, limits
from nnasim.csvtext import csv_text
from nnasim.errors import FileError, InputError
from nnasim.tablefile import table_lines

MAX_BYTES = limits.CSV_BYTES


def write_csv(path: str | Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write ``csv_text`` as UTF-8, atomically."""
    files.write_bytes(path, csv_text(header, rows).encode("utf-8"))


def read_csv(path: str | Path, header: Sequence[str]) -> list[list[str]]:
    """The rows of a file that starts with ``header``.

    Raises InputError, which names the first line that does not fit, and FileError for a file that cannot be read or
    has too many rows.
    """
    csv.field_size_limit(limits.TABLE_LINE)
    reader = csv.reader(table_lines(files.read_text(path, MAX_BYTES), path), strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if not rows and row != list(header):
                break
            if len(row) != len(header):
                raise InputError(f"{path}: row {len(rows) + 1}", "", row, f"must have {len(header)} cells")
            if len(rows) > limits.CSV_ROWS:
                raise FileError(path, f"has more than {limits.CSV_ROWS:,} rows")
            rows.append(row)
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}", "", "", f"is not CSV ({error})") from None
    if not rows:
        raise InputError(path, "header", row if reader.line_num else "", f"must be {','.join(header)}")
    return rows[1:]
