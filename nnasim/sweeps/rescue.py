"""The intact rows of a damaged store, and a new store of them: each row is checked by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnasim import limits
from nnasim.errors import FileError, NnasimError
from nnasim.sweeps.database import WHOLE, Row
from nnasim.sweeps.store import Store
from nnasim.sweeps.stored_rows import point_of, score_of, sweep_of, understood

MOST_ROWS = limits.SWEEP_POINTS

# table -> the function that raises an error for a row that is not whole
_TABLES: dict[str, Callable[[Row, object], Any]] = {
    "studies": lambda row, source: understood(sweep_of(row, source)[1], source),
    "points": point_of,
    "accuracy": score_of,
}


@dataclass(frozen=True)
class Findings:
    """The findings on a store. ``rows``: whole ones by table; ``complaints``: a line for each that is not, or page."""

    rows: dict[str, tuple[Row, ...]]
    complaints: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong with the store."""
        return not self.complaints


def examined(path: str | Path) -> Findings:
    """The findings on everything in the store ``path``. Raises FileError if it is not a store, if its list of tables is
    gone, or if it has more rows than can be looked at.
    """
    rows: dict[str, tuple[Row, ...]] = {}
    complaints: list[str] = []
    with Store(path, write=False) as store:
        complaints += _damaged_pages(store)
        for table, whole in _TABLES.items():
            good: list[Row] = []
            for row in _readable(store, table, store.columns[table]):
                try:
                    whole(row, store.path)
                    good.append(row)
                except NnasimError as error:
                    complaints.append(str(error).removesuffix(WHOLE))
            rows[table] = tuple(good)
    return Findings(rows, tuple(complaints))


def rescued(findings: Findings, into: str | Path) -> None:
    """Put all that is whole into the new store ``into``. Raises FileError if something is there."""
    if Path(into).exists():
        raise FileError(into, "exists already: what is whole goes into a new store")
    with Store(into) as store:
        store.add_rows(iter(findings.rows["points"]), iter(findings.rows["accuracy"]))
        for row in findings.rows["studies"]:
            store.add_sweep(*sweep_of(row, into))
        for digest in store.sweeps():
            store.add_tried(digest, (row[0] for row in findings.rows["points"] if row[1] == digest))


def _damaged_pages(store: Store) -> Iterator[str]:
    """The faults that SQLite itself finds, which may be the same on every page."""
    try:
        lines = [str(row[0]) for row in store.database.rows("PRAGMA integrity_check(20)")]
    except FileError as error:
        lines = [error.why.removesuffix(WHOLE)]
    yield from (f"{store.path}: {' '.join(line.split())}" for line in lines if line != "ok")


def _readable(store: Store, table: str, columns: str) -> Iterator[Row]:
    """Every row that can be reached: from the front up to the first damaged page, from the back, and one by one."""
    seen: set[Row] = set()
    name = columns.partition(",")[0]
    orders = (f"ORDER BY {name}", f"ORDER BY {name} DESC")
    queries = [f"SELECT {columns} FROM {table} {order} LIMIT {MOST_ROWS}" for order in orders]
    damaged = False
    for query in queries:
        try:
            for row in store.database.rows(query):
                if row not in seen:
                    seen.add(row)
                    yield row
        except FileError:
            damaged = True
    if len(seen) >= len(queries) * MOST_ROWS:  # the two ends have not met
        raise FileError(store.path, f"has {len(seen):,} {table} or more; so many are not looked at one by one")
    if damaged and table == "points":
        yield from (row for row in _by_number(store, columns) if row not in seen)


def _by_number(store: Store, columns: str) -> Iterator[Row]:
    """Each row, looked up by its number, so that only rows in damaged pages are lost.

    Numbers have no gaps except those of failed points that were dropped.
    """
    last = 0
    for order in ("rowid", "rowid DESC", "key", "key DESC"):  # each walks other pages
        with suppress(FileError):
            for (number,) in store.database.rows(f"SELECT rowid FROM points ORDER BY {order} LIMIT {MOST_ROWS}"):
                last = max(last, number)
    for number in range(1, min(last, MOST_ROWS) + 1):
        with suppress(FileError):
            yield from store.database.rows(f"SELECT {columns} FROM points NOT INDEXED WHERE rowid = ?", (number,))
