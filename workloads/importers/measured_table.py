"""Reading a table of measured cycle counts: strict CSV, each error of which names file, line and column."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nnasim import filekind, files, limits
from nnasim.allowed import bound_text
from nnasim.errors import FileError, InputError
from nnasim.tablefile import table_lines

MAX_BYTES = limits.TABLE_BYTES
MAX_ROWS = limits.TABLE_ROWS
LARGEST = limits.TABLE_NUMBER
_LONGEST_NUMBER = limits.TABLE_DIGITS


@lru_cache(10_000)
def column_key(name: str) -> str:
    """The key of a column: its name in lower case, with spaces and hyphens as underscores."""
    return re.sub(r"[\s_-]+", "_", name.strip()).casefold()


class Cells(Mapping[str, str]):
    """The cells of a row by column; columns that have one ``column_key`` are the same."""

    def __init__(self, columns: Iterable[str], cells: Iterable[str]) -> None:
        self.columns = tuple(columns)
        self._cells = {column_key(name): cell for name, cell in zip(self.columns, cells, strict=True)}

    def __getitem__(self, column: str) -> str:
        """The cell of ``column``."""
        return self._cells[column_key(column)]

    def __iter__(self) -> Iterator[str]:
        """The columns in their order."""
        return iter(self.columns)

    def __len__(self) -> int:
        """The number of columns."""
        return len(self.columns)


@dataclass(frozen=True)
class MeasuredRow:
    """One row: its cells as text, and its place."""

    source: str
    line: int
    cells: Mapping[str, str]

    def refuse(self, column: str, allowed: str) -> InputError:
        """The error that names this row's ``column``."""
        return InputError(f"{self.source}: line {self.line}", column, self.cells.get(column, ""), allowed)

    def text(self, column: str) -> str:
        """The cell's text, without spaces around it. Raises InputError if it is empty."""
        if not self.cells[column].strip():
            raise self.refuse(column, "must not be empty")
        return self.cells[column].strip()

    def choice(self, column: str, allowed: tuple[str, ...]) -> str:
        """The cell's text, which must be one of ``allowed``. Raises InputError if it is not."""
        if (text := self.text(column)) not in allowed:
            raise self.refuse(column, f"must be one of {', '.join(allowed)}")
        return text

    def number(self, column: str, minimum: float = 0.0, maximum: float = LARGEST) -> float:
        """The cell's number, finite and in ``minimum`` .. ``maximum``. Raises InputError for any other."""
        text = self.text(column)
        try:
            value = float(text) if len(text) <= _LONGEST_NUMBER and "_" not in text and text.isascii() else math.nan
        except ValueError:
            value = math.nan
        if len(text) > _LONGEST_NUMBER:
            raise self.refuse(column, f"must be a number of at most {_LONGEST_NUMBER} characters")
        if not (math.isfinite(value) and minimum <= value <= maximum):
            raise self.refuse(column, f"must be a number in {bound_text(minimum)} .. {bound_text(maximum)}")
        return value

    def integer(self, column: str, minimum: int = 1, maximum: int = LARGEST) -> int:
        """The cell's whole number in ``minimum`` .. ``maximum``; ``49519.0`` is one. Raises InputError for others."""
        value = self.number(column, minimum, maximum)
        if value != int(value):
            raise self.refuse(column, "must be a whole number")
        return int(value)


@dataclass(frozen=True)
class MeasuredTable:
    """A table as read: ``columns`` in their order, ``rows`` in theirs."""

    source: str
    columns: tuple[str, ...]
    rows: tuple[MeasuredRow, ...]


def _records(path: Path) -> list[tuple[int, list[str]]]:
    text = files.read_text(path, MAX_BYTES)
    if "\0" in text:
        raise FileError(path, f"holds a NUL character{files.seems(path)}")
    if filekind.of_text(text) not in (None, "a CSV table", "a table separated by tabs"):
        raise FileError(path, f"is no CSV table{files.seems(path)}")
    csv.field_size_limit(limits.TABLE_LINE)
    reader = csv.reader(table_lines(text, path), delimiter=filekind.delimiter(text), strict=True)
    records: list[tuple[int, list[str]]] = []
    there = 0
    try:
        for cells in reader:
            if cells:
                records.append((reader.line_num, cells))
            there += len(cells)
            if len(records) > MAX_ROWS + 1:
                raise FileError(path, f"has more than {MAX_ROWS:,} rows")
            if there > limits.TABLE_CELLS:
                raise FileError(path, f"has more than {limits.TABLE_CELLS:,} cells")
    except csv.Error as error:
        raise FileError(path, f"is not CSV (line {reader.line_num}: {error})") from None
    return records


def _closed(cells: list[str]) -> list[str]:
    """``cells`` up to the last that holds anything."""
    last = max((index for index, cell in enumerate(cells) if cell.strip()), default=-1)
    return cells[: last + 1]


def _header(path: Path, names: list[str]) -> tuple[str, ...]:
    columns = tuple(name.strip() for name in names)
    if len(columns) > limits.TABLE_COLUMNS:
        raise FileError(path, f"has {len(columns)} columns, at most {limits.TABLE_COLUMNS:,} are allowed")
    keys = [column_key(name) for name in columns]
    for name, key in zip(columns, keys, strict=True):
        if not name or keys.count(key) > 1:
            raise InputError(f"{path}: line 1", "header", name, "every column needs a name of its own")
    return columns


def read_measured_table(path: Path, *, open_ended: bool = False) -> MeasuredTable:
    """The CSV table at ``path``; ``open_ended``: lines may end in commas, whose empty cells are ignored.

    Raises FileError if it is not a CSV table or holds no row, InputError for a row of another width.
    """
    records = _records(path)
    if open_ended:
        records = [(line, _closed(cells)) for line, cells in records if _closed(cells)]
        width = len(records[0][1]) if records else 0
        records = [(line, cells + [""] * (width - len(cells))) for line, cells in records]
    if len(records) < 2:
        raise FileError(path, "holds no rows under a header")
    columns, rows = _header(path, records[0][1]), []
    for line, cells in records[1:]:
        if len(cells) != len(columns):
            place = f"{path}: line {line}"
            raise InputError(place, "cells", len(cells), f"the header has {len(columns)} columns")
        rows.append(MeasuredRow(str(path), line, Cells(columns, cells)))
    return MeasuredTable(str(path), columns, tuple(rows))
