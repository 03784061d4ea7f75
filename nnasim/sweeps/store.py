"""The store: one SQLite file, one row per point, keyed by the hash of everything that determines the point.

Write-ahead logging: after SIGKILL at any moment every committed row is there. Several processes may fill one store:
a point is claimed before it is computed, and the claims of a dead process are free again (``claims``).
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from nnasim import files
from nnasim.errors import FileError
from nnasim.sweeps.evaluate import Outcome

STORE_VERSION = 2
BUSY_SECONDS = 60.0
LATEST = 1e11  # seconds since 1970: the year 5138
_MAGIC = b"SQLite format 3\0"
_HEAD = 4096  # bytes by which a file of another kind is told
_CHUNK = 500  # variables in one statement; SQLite allows 999 everywhere

_TABLES = {
    "meta": "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "studies": "CREATE TABLE studies (digest TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID",
    "points": (
        "CREATE TABLE points (key TEXT PRIMARY KEY, study TEXT NOT NULL, status TEXT NOT NULL, "
        "point TEXT NOT NULL, figures TEXT, message TEXT, seconds REAL NOT NULL)"
    ),
    "accuracy": "CREATE TABLE accuracy (key TEXT PRIMARY KEY, figures TEXT, message TEXT) WITHOUT ROWID",
    "owners": "CREATE TABLE owners (owner TEXT PRIMARY KEY, host TEXT, pid INTEGER, beat REAL) WITHOUT ROWID",
    "claims": "CREATE TABLE claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID",
    "tried": "CREATE TABLE tried (study TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (study, key))",
}
_TABLES_OF_VERSION_1 = {name: statement for name, statement in _TABLES.items() if name != "tried"}
_INSERT = "INSERT OR IGNORE INTO points VALUES (?, ?, ?, ?, ?, ?, ?)"


class Store:
    """An open store. ``points`` are (key, values) pairs; figures and values are kept as JSON."""

    def __init__(self, path: str | Path, *, create: bool = True) -> None:
        """Open ``path``, or make it. FileError for a file that is no store, or one of another version."""
        self.path = Path(path)
        fresh = not os.path.lexists(self.path)
        if fresh and not create:
            raise FileError(self.path, "cannot be read (No such file or directory)")
        if not fresh:
            _check_magic(self.path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            with ExitStack() as on_error:
                on_error.callback(self.close)
                self._open()
                on_error.pop_all()
        except sqlite3.Error as error:
            raise FileError(self.path, f"is no store that can be opened ({error})") from None

    def _open(self) -> None:
        self.connection.execute("PRAGMA trusted_schema = OFF")
        with self.transaction():
            tables = dict(self.connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
            if not tables:
                for statement in _TABLES.values():
                    self.connection.execute(statement)
                self.connection.execute("INSERT INTO meta VALUES ('nnasim.sweep', ?)", (str(STORE_VERSION),))
        if tables:
            self._check_version(tables)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")  # WAL: safe after a crash of the process

    def _check_version(self, tables: dict[str, str]) -> None:
        """A store that someone else made may hold triggers or views: only our own tables are opened."""
        version = None
        if tables.get("meta") == _TABLES["meta"]:
            version = self.connection.execute("SELECT value FROM meta WHERE name = 'nnasim.sweep'").fetchone()
        if version is None:
            raise FileError(self.path, "is a database, but no store of nnasim")
        if version[0] == "1" and tables == _TABLES_OF_VERSION_1:
            self._upgrade()
        elif version[0] != str(STORE_VERSION):
            raise FileError(self.path, f"is a store of version {version[0]!a}, this nnasim reads {STORE_VERSION}")
        elif tables != _TABLES:
            raise FileError(self.path, "has other tables than a store of nnasim")

    def _upgrade(self) -> None:
        """Version 1 did not say which points a search has tried: those that it has computed are known to be its."""
        with self.transaction():
            if self.connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'tried'").fetchone() is None:
                self.connection.execute(_TABLES["tried"])
                self.connection.execute("INSERT INTO tried SELECT study, key FROM points ORDER BY rowid")
                self.connection.execute("UPDATE meta SET value = ?", (str(STORE_VERSION),))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; waits for other writers."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file. The write-ahead log is folded in when the last process closes."""
        self.connection.close()

    def __enter__(self) -> Store:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def add_tried(self, sweep: str, keys: Iterable[str]) -> None:
        """Remember that a search of ``sweep`` has tried these points, whoever computes them."""
        with self.transaction():
            self.connection.executemany("INSERT OR IGNORE INTO tried VALUES (?, ?)", ((sweep, key) for key in keys))

    def tried(self, sweep: str) -> list[str]:
        """Keys of the points that searches of ``sweep`` have tried, in their order."""
        rows = self.connection.execute("SELECT key FROM tried WHERE study = ? ORDER BY rowid", (sweep,))
        return [key for (key,) in rows]

    def computed_by(self, sweep: str) -> int:
        """How many points were computed for ``sweep``, rather than for an earlier one that shares them."""
        return int(self.connection.execute("SELECT count(*) FROM points WHERE study = ?", (sweep,)).fetchone()[0])

    def add_sweep(self, digest: str, record: dict[str, Any]) -> None:
        """Remember a sweep: reports are made from the store alone."""
        text = json.dumps(record, allow_nan=False)  # in the order of its axes: a sampled point depends on it
        self.connection.execute("INSERT OR REPLACE INTO studies VALUES (?, ?)", (digest, text))

    def sweeps(self) -> dict[str, dict[str, Any]]:
        """The records of all sweeps, by digest."""
        rows = self.connection.execute("SELECT digest, record FROM studies ORDER BY digest")
        return {digest: self._record(record) for digest, record in rows}

    def _record(self, text: str) -> dict[str, Any]:
        record = files.parse_json(text, self.path)
        if not isinstance(record, dict):
            raise FileError(self.path, "holds a study that this nnasim does not understand")
        return record

    def add(self, sweep: str, outcomes: Iterable[Outcome]) -> None:
        """Store outcomes in one transaction and free their claims. A point that is there already stays as it is."""
        with self.transaction():
            for outcome in outcomes:
                self.connection.execute(_INSERT, _row(sweep, outcome))
                self.connection.execute("DELETE FROM claims WHERE key = ?", (outcome.key,))

    def done(self, keys: Sequence[str]) -> set[str]:
        """Which of ``keys`` have a row, failed points included: they are not missing."""
        return {key for key, *_ in self._select("SELECT key FROM points WHERE key IN ({})", keys)}

    def claimed(self, keys: Sequence[str]) -> set[str]:
        """Which of ``keys`` a process has claimed."""
        return {key for key, *_ in self._select("SELECT key FROM claims WHERE key IN ({})", keys)}

    def outcomes(self, keys: Sequence[str]) -> dict[str, Outcome]:
        """The rows of ``keys`` that there are."""
        query = "SELECT key, point, figures, message, seconds FROM points WHERE key IN ({})"
        return {row[0]: self._outcome(row) for row in self._select(query, keys)}

    def all_outcomes(self) -> Iterator[tuple[str, Outcome]]:
        """(digest of the sweep that computed it, outcome) of every row, by key."""
        query = "SELECT key, point, figures, message, seconds, study FROM points ORDER BY key"
        for row in self.connection.execute(query):
            yield row[5], self._outcome(row)

    def count(self, status: str) -> int:
        """Rows with ``status``, which is ``ok`` or ``failed``."""
        query = "SELECT count(*) FROM points WHERE status = ?"
        return int(self.connection.execute(query, (status,)).fetchone()[0])

    def forget_failed(self) -> int:
        """Drop the failed points, so that they are missing again; returns how many there were."""
        self.connection.execute("DELETE FROM accuracy WHERE message IS NOT NULL")
        return self.connection.execute("DELETE FROM points WHERE status = 'failed'").rowcount

    def accuracy(self, key: str) -> tuple[dict[str, Any] | None, str | None] | None:
        """(figures, message) of one arithmetic, None where it was not scored yet."""
        row = self.connection.execute("SELECT figures, message FROM accuracy WHERE key = ?", (key,)).fetchone()
        return row and (row[0] and files.parse_json(row[0], self.path), row[1])

    def add_accuracy(self, key: str, figures: dict[str, Any] | None, message: str | None) -> None:
        """Store the word errors of one arithmetic, or why there are none."""
        text = None if figures is None else files.json_text(figures, indent=None)
        self.connection.execute("INSERT OR REPLACE INTO accuracy VALUES (?, ?, ?)", (key, text, message))

    def _select(self, query: str, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            yield from self.connection.execute(query.format(",".join("?" * len(chunk))), tuple(chunk))

    def _outcome(self, row: tuple[Any, ...]) -> Outcome:
        key, point, figures, message, seconds = row[:5]
        parsed = None if figures is None else files.parse_json(figures, self.path)
        return Outcome(
            key=key, values=files.parse_json(point, self.path), figures=parsed, message=message, seconds=seconds
        )


def _row(sweep: str, outcome: Outcome) -> tuple[Any, ...]:
    figures = None if outcome.figures is None else json.dumps(outcome.figures, allow_nan=False)
    status = "failed" if figures is None else "ok"
    point = json.dumps(outcome.values, allow_nan=False)
    return outcome.key, sweep, status, point, figures, outcome.message, outcome.seconds


def is_store(path: Path) -> bool:
    """Whether a regular file begins as a store does. Raises FileError where it cannot be read."""
    with files.open_regular(path) as file:
        return file.read(len(_MAGIC)) == _MAGIC


def _check_magic(path: Path) -> None:
    """FileError for what is not a regular SQLite file; an empty file is a store before its first page."""
    with files.open_regular(path) as file:
        head = file.read(_HEAD)
    if head and not head.startswith(_MAGIC):
        raise FileError(path, f"is no store (not an SQLite file){files.seems(path)}")


def later_record(there: dict[str, Any] | None, record: dict[str, Any]) -> dict[str, Any]:
    """One sweep remembered twice: the later record; swept if either was."""
    if there is None or there == record:
        return record
    later = there if added_at(there) > added_at(record) else record
    return {**later, "swept": was_swept(there) or was_swept(record)}


def added_at(record: Mapping[str, Any]) -> float:
    """Seconds since 1970 at which a sweep last ran; 0 where its record does not say."""
    added = record.get("added")
    return float(added) if isinstance(added, int | float) and 0 <= added < LATEST else 0.0


def was_swept(record: Mapping[str, Any]) -> bool:
    """Whether a sweep has gone through its own points; records of version 0.1 do not say, so it may have."""
    return bool(record.get("swept", True))


def merge(target: Store, sources: Sequence[Store]) -> int:
    """Copy sweeps, points and accuracies of ``sources`` into ``target``; returns how many points were new."""
    before = target.count("ok") + target.count("failed")
    for source in sources:
        there = target.sweeps()
        for digest, record in source.sweeps().items():
            target.add_sweep(digest, later_record(there.get(digest), record))
            target.add_tried(digest, source.tried(digest))
        with target.transaction():
            target.connection.executemany(_INSERT, source.connection.execute("SELECT * FROM points ORDER BY key"))
            rows = source.connection.execute("SELECT * FROM accuracy ORDER BY key")
            target.connection.executemany("INSERT OR IGNORE INTO accuracy VALUES (?, ?, ?)", rows)
    return target.count("ok") + target.count("failed") - before
