"""The intact rows of a damaged store, and a new store of them: each row is checked by itself, and none is kept."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnasim import limits
from nnasim.errors import FileError, NnasimError
from nnasim.sweeps.database import SIDE_FILES, WHOLE, Row, refuse_lone_logs
from nnasim.sweeps.seen_rows import SeenRows
from nnasim.sweeps.store import Store
from nnasim.sweeps.stored_rows import score_of, sweep_of, understood

MOST_ROWS = limits.RESCUED_ROWS
_MEMORY_ROWS = 2_000_000  # for whose digests memory is taken at once, where pages are damaged
MOST_COMPLAINTS = 10_000  # lines that are kept; the others are counted
MOST_AGAIN = 10_000  # rows met before, after which the way through a table is left: its pages lead in a circle
_SHARED_PAGE = "2nd reference to page"  # SQLite's words; what it would say next may have no end
_ROW_BYTES = 100  # no row of ours is smaller, so that a small file is not asked for a million rows

# table -> the function that raises an error for a row that is not whole
_TABLES: dict[str, Callable[[Row, Store], Any]] = {
    "studies": lambda row, store: understood(sweep_of(row, store.path)[1], store.path),
    "points": lambda row, store: store.point(row),
    "accuracy": lambda row, store: score_of(row, store.path),
}


@dataclass(frozen=True)
class Findings:
    """The findings on a store. ``rows``: whole ones by table; ``complaints``: a line for each that is not, or page.

    ``damaged``: how many complaints there are, of which only the first are kept.
    """

    rows: Mapping[str, int]
    complaints: tuple[str, ...]
    damaged: int

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong with the store."""
        return not self.damaged


def examined(path: str | Path) -> Findings:
    """The findings on everything in the store ``path``. Raises FileError if it is not a store, if its list of tables is
    gone, or if its pages are damaged and it has more rows than can be told apart.
    """
    with Store(path, write=False) as store:
        examination = _Examination(store)
        for table in _TABLES:
            for _ in examination.whole_rows(table):
                pass
    return examination.findings()


def rescued(path: str | Path, into: str | Path) -> Findings:
    """As ``examined``; all that is whole goes into the new store ``into``. Raises FileError if something is there."""
    if os.path.lexists(into):  # a link that leads nowhere too: what is there is not removed where the rescue fails
        raise FileError(into, "exists already: what is whole goes into a new store")
    refuse_lone_logs(Path(into))
    with Store(path, write=False) as store:
        examination = _Examination(store)
        with _new_store(into) as target:
            for row in examination.whole_rows("studies"):
                target.add_sweep(*sweep_of(row, into))
            target.add_rows(examination.whole_rows("points"), examination.whole_rows("accuracy"))
            target.sweeps()  # refused if they are too many
            target.take_as_tried()
    return examination.findings()


@contextmanager
def _new_store(path: str | Path) -> Iterator[Store]:
    """A context with a new store, of which nothing stays behind if it fails: it is filled in one transaction."""
    try:
        with Store(path) as store, store.transaction():
            yield store
    except BaseException:
        for beside in ("", *SIDE_FILES):
            with suppress(OSError):
                os.unlink(f"{path}{beside}")
        raise


class _Examination:
    """One way through a store, row by row."""

    def __init__(self, store: Store) -> None:
        self.store, self.rows = store, Counter[str]()
        self.complaints: list[str] = []
        self.damaged = 0
        for line in _damaged_pages(store):
            self._complain(line)
        self._trusted = not self.damaged
        if not self._trusted:
            self._refuse_too_many()

    def findings(self) -> Findings:
        """The findings so far."""
        return Findings(self.rows, tuple(self.complaints), self.damaged)

    def whole_rows(self, table: str) -> Iterator[Row]:
        """The rows of ``table`` that are whole; there is a complaint on each of the others."""
        for row in self._readable(table):
            try:
                _TABLES[table](row, self.store)
            except NnasimError as error:
                self._complain(str(error).removesuffix(WHOLE))
                continue
            self.rows[table] += 1
            yield row

    def _complain(self, line: str) -> None:
        self.damaged += 1
        if self.damaged <= MOST_COMPLAINTS:
            self.complaints.append(line)

    def _refuse_too_many(self) -> None:
        """Raise FileError for more rows than are told apart, before they are looked at. Damaged tables are counted on
        the way. Where pages are whole no row comes twice, and none has to be told from another.
        """
        for table in _TABLES:
            count = None
            with suppress(FileError):
                count = self.store.database.row(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {MOST_ROWS + 1})")
            self._refuse_if_full(table, count[0] if count else 0)

    def _refuse_if_full(self, table: str, count: int) -> None:
        if count > MOST_ROWS:
            most = f"at most {MOST_ROWS:,} rows of a table are rescued where pages are damaged"
            raise FileError(self.store.path, f"has {count:,} {table} or more; {most}")

    def _readable(self, table: str) -> Iterator[Row]:
        """Every row that can be reached."""
        forward, backward = self._ways(table)
        given = 0
        if self._trusted:
            with suppress(FileError):  # such as a value that is too long
                for row in self.store.database.in_order(forward):
                    given += 1
                    yield row
                return
        for number, row in enumerate(self._once(table, forward, backward)):
            if number >= given:  # those before are the same as above
                yield row

    def _ways(self, table: str) -> tuple[str, str]:
        columns = self.store.columns[table]
        query = f"SELECT {columns} FROM {table} ORDER BY {columns.partition(',')[0]}"
        return query, f"{query} DESC"

    def _once(self, table: str, *queries: str) -> Iterator[Row]:
        """Each row once: from the front up to the first damaged page, from the back, and by number."""
        seen = SeenRows(_MEMORY_ROWS)
        ways = [_up_to_damage(self.store, query) for query in queries]
        for way in ways:
            again = 0
            for row in way:
                if seen.add(row):
                    self._refuse_if_full(table, len(seen))
                    yield row
                elif (again := again + 1) > MOST_AGAIN:
                    break
        if table == "points":
            for row in _by_number(self.store):
                if seen.add(row):
                    self._refuse_if_full(table, len(seen))
                    yield row


def _up_to_damage(store: Store, query: str) -> Iterator[Row]:
    with suppress(FileError):
        yield from store.database.rows(query)


def _damaged_pages(store: Store) -> Iterator[str]:
    """The faults that SQLite itself finds, which may be the same on every page."""
    try:
        for (line,) in store.database.rows("PRAGMA integrity_check(20)"):
            if line != "ok":
                yield f"{store.path}: {' '.join(str(line).split())}"
            if _SHARED_PAGE in str(line):
                return
    except FileError as error:
        yield f"{store.path}: {' '.join(error.why.removesuffix(WHOLE).split())}"


def _by_number(store: Store) -> Iterator[Row]:
    """The points by their number, beginning again behind each that cannot be read: only damaged pages are lost.

    Numbers have no gaps except those of failed points that were dropped.
    """
    query = f"SELECT rowid, {store.columns['points']} FROM points NOT INDEXED WHERE rowid >= ? ORDER BY rowid"
    number, last = 1, min(MOST_ROWS, store.database.size() // _ROW_BYTES)
    while number <= last:
        with suppress(FileError):
            for found, *row in store.database.rows(query, (number,)):
                if found < number:
                    break  # a page that was there before
                number = found + 1
                yield tuple(row)
            else:
                return
        number += 1
