"""The store: one SQLite file, one row per point, keyed by the hash of everything that determines the point.

Write-ahead logging: after SIGKILL at any moment every committed row is there. Several processes may fill one store:
a point is claimed before it is computed, and the claims of a dead process are free again (``claims``).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn

from nnasim import files
from nnasim.errors import FileError, InputError, shown
from nnasim.limits import STORED_SWEEPS, STORED_SWEEPS_BYTES, SWEEP_POINTS
from nnasim.sweeps.database import WHOLE, Database, has_log
from nnasim.sweeps.evaluate import Outcome
from nnasim.sweeps.made_keys import MadeKeys
from nnasim.sweeps.stored_rows import name_of, point_of, score_of, sweep_of, with_sum

STORE_VERSION = 3
LATEST = 1e11  # seconds since 1970: the year 5138
_CHUNK = 500  # variables in one statement; SQLite allows 999 everywhere

_TABLES = {
    "meta": "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "studies": "CREATE TABLE studies (digest TEXT PRIMARY KEY, record TEXT NOT NULL, sum TEXT) WITHOUT ROWID",
    "points": (
        "CREATE TABLE points (key TEXT PRIMARY KEY, study TEXT NOT NULL, status TEXT NOT NULL, "
        "point TEXT NOT NULL, figures TEXT, message TEXT, seconds REAL NOT NULL, sum TEXT)"
    ),
    "accuracy": "CREATE TABLE accuracy (key TEXT PRIMARY KEY, figures TEXT, message TEXT, sum TEXT) WITHOUT ROWID",
    "owners": "CREATE TABLE owners (owner TEXT PRIMARY KEY, host TEXT, pid INTEGER, beat REAL) WITHOUT ROWID",
    "claims": "CREATE TABLE claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID",
    "tried": "CREATE TABLE tried (study TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (study, key))",
}
_SUMMED = ("studies", "points", "accuracy")  # tables whose rows hold their sums
_TABLES_OF_VERSION_2 = {name: statement.replace(", sum TEXT)", ")") for name, statement in _TABLES.items()}
_TABLES_OF_VERSION_1 = {name: statement for name, statement in _TABLES_OF_VERSION_2.items() if name != "tried"}
_COLUMNS = {
    "studies": "digest, record, sum",
    "points": "key, study, status, point, figures, message, seconds, sum",
    "accuracy": "key, figures, message, sum",
}
_SIZES = f"SELECT length(record) AS bytes FROM studies LIMIT {STORED_SWEEPS + 1}"
# The LIMIT keeps SQLite from counting within a single step, which nothing ends where pages lead in a circle. The index
# of the primary key has SQLite's own name.
_ROWS_AND_ENTRIES = "SELECT " + ", ".join(
    f"(SELECT count(*) FROM (SELECT 1 FROM points {way} LIMIT {2 * SWEEP_POINTS}))"
    for way in ("NOT INDEXED", "INDEXED BY sqlite_autoindex_points_1")
)
_INSERT = "INSERT OR IGNORE INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class Store:
    """An open store. ``points`` are (key, values) pairs; figures and values are kept as JSON."""

    def __init__(self, path: str | Path, *, write: bool = True) -> None:
        """Open the store at ``path``: to ``write``, made if it is absent; or to read, which changes nothing.

        Raises FileError for a file that is no store, or one of another version.
        """
        self.path = Path(path)
        if write and self.path.exists() and has_log(self.path, "-wal"):
            Store(self.path, write=False).close()  # what is no store with its log must not take it in
        self.database = Database(self.path, write=write)
        self._tried = "tried"
        self.columns = dict(_COLUMNS)
        self._made_keys = MadeKeys(self._whole_record, self.path)
        with ExitStack() as on_error:
            on_error.callback(self.close)
            self._open()
            on_error.pop_all()

    def _open(self) -> None:
        if not self.database.write:
            self._check_version(self._tables())
            return
        with self.transaction():
            tables = self._tables()
            if not tables:
                for statement in _TABLES.values():
                    self.database.run(statement)
                self.database.run("INSERT INTO meta VALUES ('nnasim.sweep', ?)", (str(STORE_VERSION),))
        if tables:
            self._check_version(tables)
        self.database.run("PRAGMA journal_mode = WAL")
        self.database.run("PRAGMA synchronous = NORMAL")  # WAL: safe after a crash of the process

    def _tables(self) -> dict[str, str]:
        return dict(self.database.rows("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))

    def _check_version(self, tables: dict[str, str]) -> None:
        """Check the store's version. A store from elsewhere may hold triggers or views: only our own tables are
        opened.
        """
        version = None
        if tables.get("meta") == _TABLES["meta"]:
            version = self.database.row("SELECT value FROM meta WHERE name = 'nnasim.sweep'")
        if version is None:
            raise FileError(self.path, "is a database, but no store of nnasim")
        older = {"1": _TABLES_OF_VERSION_1, "2": _TABLES_OF_VERSION_2}.get(version[0])
        if older is not None and tables == older:
            self._upgrade(tables)
        elif version[0] != str(STORE_VERSION):
            raise FileError(
                self.path, f"is a store of version {version[0]!a:.40}, this nnasim reads 1 to {STORE_VERSION}"
            )
        elif tables != _TABLES:
            others = sorted((name for name in {*tables, *_TABLES} if tables.get(name) != _TABLES.get(name)), key=shown)
            raise FileError(
                self.path, f"has other tables than a store of nnasim: {', '.join(map(shown, others))[:200]}"
            )

    def _upgrade(self, tables: dict[str, str]) -> None:
        """Bring a store of version 1 or 2 to this version. Their rows have no checksums and stay without.

        Version 1 did not record which points a search tried; those that were computed for it count as tried.
        """
        if not self.database.write:
            self._tried = "tried" if "tried" in tables else "points"
            self.columns = {name: columns.replace(", sum", ", NULL") for name, columns in _COLUMNS.items()}
            return
        with self.transaction():
            tables = self._tables()  # another process may have been faster
            if "tried" not in tables:
                self.database.run(_TABLES["tried"])
                self.database.run("INSERT INTO tried SELECT study, key FROM points ORDER BY rowid")
            for name in _SUMMED:
                if tables[name] != _TABLES[name]:
                    self.database.run(f"ALTER TABLE {name} ADD COLUMN sum TEXT")
            self.database.run("UPDATE meta SET value = ?", (str(STORE_VERSION),))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A context whose changes take effect all together or not at all; it waits for other writers."""
        with self.database.transaction():
            yield

    def close(self) -> None:
        """Close the file. The write-ahead log is folded in when the last process closes."""
        self.database.close()

    def __enter__(self) -> Store:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def add_tried(self, sweep: str, keys: Iterable[str]) -> None:
        """Remember that a search of ``sweep`` has tried these points, whoever computes them."""
        with self.transaction():
            self.database.run_each("INSERT OR IGNORE INTO tried VALUES (?, ?)", ((sweep, key) for key in keys))

    def take_as_tried(self) -> None:
        """Remember of each point that a search of the sweep that computed it has tried it, if that sweep is here."""
        select = "SELECT study, key FROM points WHERE study IN (SELECT digest FROM studies) ORDER BY rowid"
        self.database.run(f"INSERT OR IGNORE INTO tried {select}")

    def tried(self, sweep: str) -> Iterator[str]:
        """Keys of the points that searches of ``sweep`` have tried, in their order. Raises FileError for one twice."""
        query, keys = f"SELECT key FROM {self._tried} WHERE study = ? ORDER BY rowid LIMIT {SWEEP_POINTS}", set[str]()
        for (key,) in self.database.rows(query, (sweep,)):
            if key in keys:
                self.database.refuse_circle()
            if isinstance(key, str):
                keys.add(key)
                yield key

    def computed_by(self, sweep: str) -> int:
        """The number of points that were computed for ``sweep``, rather than for an earlier one that shares them."""
        return self._count("SELECT count(*) FROM points WHERE study = ?", sweep)

    def add_sweep(self, digest: str, record: dict[str, Any]) -> None:
        """Remember a sweep: reports are made from the store alone."""
        text = json.dumps(record, allow_nan=False)  # in the order of its axes: a sampled point depends on it
        self.database.run("INSERT OR REPLACE INTO studies VALUES (?, ?, ?)", with_sum(digest, text))

    def sweeps(self) -> dict[str, dict[str, Any]]:
        """The records of all sweeps, by digest. Raises FileError if they are too many, or not understood."""
        count, size = self.database.row(f"SELECT count(*), sum(bytes) FROM ({_SIZES})") or (0, 0)
        if count > STORED_SWEEPS or (size or 0) > STORED_SWEEPS_BYTES:
            more = f"{STORED_SWEEPS:,} or more" if count > STORED_SWEEPS else f"{count:,}"
            most = f"at most {STORED_SWEEPS:,} of {STORED_SWEEPS_BYTES:,} bytes together are allowed"
            raise FileError(self.path, f"holds {more} sweeps of {size:,} bytes; {most}{WHOLE}")
        rows = self.database.in_order(f"SELECT {self.columns['studies']} FROM studies ORDER BY digest")
        return dict(sweep_of(row, self.path) for row in rows)

    def add(self, sweep: str, outcomes: Iterable[Outcome]) -> None:
        """Store outcomes in one transaction and free their claims. A point that is in the store already stays
        as it is.
        """
        with self.transaction():
            for outcome in outcomes:
                self.database.run(_INSERT, _row(sweep, outcome))
                self.database.run("DELETE FROM claims WHERE key = ?", (outcome.key,))

    def done(self, keys: Sequence[str]) -> set[str]:
        """Those of ``keys`` that have a row, failed points included: they are not missing."""
        return {key for key, *_ in self._select("SELECT key FROM points WHERE key IN ({})", keys)}

    def claimed(self, keys: Sequence[str]) -> set[str]:
        """Those of ``keys`` that a process has claimed."""
        return {key for key, *_ in self._select("SELECT key FROM claims WHERE key IN ({})", keys)}

    def outcomes(self, keys: Sequence[str]) -> dict[str, Outcome]:
        """The stored outcomes among ``keys``, by key. Raises InputError for one that is damaged."""
        rows = self._select(f"SELECT {self.columns['points']} FROM points WHERE key IN ({{}})", keys)
        return {outcome.key: outcome for _, outcome in map(self.point, rows)}

    def all_outcomes(self) -> Iterator[tuple[str, Outcome]]:
        """(digest of the sweep that computed it, outcome) of every row, by key.

        Raises InputError for one that is damaged.
        """
        for row in self._points_by_key():
            yield self.point(row)

    def point(self, row: tuple[Any, ...]) -> tuple[str, Outcome]:
        """(digest of the sweep that computed it, outcome) of a row of the points.

        Raises InputError if it is damaged: if its checksum is another, or, without one, its values are not its key's.
        """
        sweep, outcome = point_of(row, self.path)
        if row[-1] is None:
            self._made_keys.refuse_other(sweep, outcome)
        return sweep, outcome

    def refuse_other_values(self, keys: Sequence[str]) -> None:
        """Raise InputError if a row among ``keys`` that has no checksum does not hold the values of its key."""
        select = f"SELECT {self.columns['points']} FROM points WHERE sum IS NULL AND key IN ({{}})"
        for row in self._select(select, keys):
            self.point(row)

    def _whole_record(self, digest: str) -> dict[str, Any] | None:
        """The record of a sweep; None if there is none, or it is damaged."""
        row = self.database.row(f"SELECT {self.columns['studies']} FROM studies WHERE digest = ?", (digest,))
        try:
            return None if row is None else sweep_of(row, self.path)[1]
        except (FileError, InputError):
            return None

    def refuse_unreachable(self, keys: Collection[str]) -> None:
        """Raise FileError if the table holds a row of ``keys``, of which the index by key has none."""
        if not keys:
            return
        for (key,) in self.database.rows("SELECT key FROM points NOT INDEXED"):
            if isinstance(key, str) and key in keys and not self.done([key]):  # it may have come meanwhile
                self._refuse_index(f"it does not lead to {name_of(key)}")

    def _points_by_key(self) -> Iterator[tuple[Any, ...]]:
        """Each row of the points. Raises FileError if the index by key leads to fewer than there are."""
        there, reached = self.database.row(_ROWS_AND_ENTRIES) or (0, 0)
        if there != reached:
            self._refuse_index(f"it leads to {reached:,} of {there:,}")
        yield from self.database.in_order(f"SELECT {self.columns['points']} FROM points ORDER BY key")

    def _refuse_index(self, why: str) -> NoReturn:
        raise FileError(self.path, f"cannot be read as a store (the index of its points is damaged: {why}){WHOLE}")

    def count(self, status: str) -> int:
        """Rows with ``status``, which is ``ok`` or ``failed``."""
        return self._count("SELECT count(*) FROM points WHERE status = ?", status)

    def forget_failed(self) -> int:
        """Drop the failed points, so that they are missing again; returns how many there were."""
        self.database.run("DELETE FROM accuracy WHERE message IS NOT NULL")
        return self.database.run("DELETE FROM points WHERE status = 'failed'")

    def accuracy(self, key: str) -> tuple[dict[str, Any] | None, str | None] | None:
        """(figures, message) of one arithmetic, None if it was not scored yet."""
        row = self.database.row(f"SELECT {self.columns['accuracy']} FROM accuracy WHERE key = ?", (key,))
        if row is None:
            return None
        score = score_of(row, self.path)
        return score.figures, score.message

    def add_accuracy(self, key: str, figures: dict[str, Any] | None, message: str | None) -> None:
        """Store the word errors of one arithmetic, or why there are none."""
        text = None if figures is None else files.json_text(figures, indent=None)
        self.database.run("INSERT OR REPLACE INTO accuracy VALUES (?, ?, ?, ?)", with_sum(key, text, message))

    def add_rows(self, points: Iterable[tuple[Any, ...]], scores: Iterable[tuple[Any, ...]]) -> None:
        """Copy rows of another store, in one transaction; rows that exist already stay as they are."""
        with self.transaction():
            self.database.run_each(_INSERT, points)
            self.database.run_each("INSERT OR IGNORE INTO accuracy VALUES (?, ?, ?, ?)", scores)

    def whole_rows(self) -> tuple[Iterator[tuple[Any, ...]], Iterator[tuple[Any, ...]]]:
        """(points, scores) as the tables hold them, each checked first. Raises InputError for a damaged one."""
        points = self._points_by_key()
        scores = self.database.in_order(f"SELECT {self.columns['accuracy']} FROM accuracy ORDER BY key")
        return (
            (row for row in points if self.point(row)),
            (row for row in scores if score_of(row, self.path)),
        )

    def _count(self, query: str, value: str) -> int:
        row = self.database.row(query, (value,))
        return int(row[0]) if row else 0

    def _select(self, query: str, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            yield from self.database.rows(query.format(",".join("?" * len(chunk))), tuple(chunk))


def _row(sweep: str, outcome: Outcome) -> tuple[Any, ...]:
    figures = None if outcome.figures is None else json.dumps(outcome.figures, allow_nan=False)
    status = "failed" if figures is None else "ok"
    point = json.dumps(outcome.values, allow_nan=False)
    return with_sum(outcome.key, sweep, status, point, figures, outcome.message, float(outcome.seconds))


def later_record(there: dict[str, Any] | None, record: dict[str, Any]) -> dict[str, Any]:
    """The later of two records of one sweep, ``there`` and ``record``; swept if either was."""
    if there is None or there == record:
        return record
    later = there if added_at(there) > added_at(record) else record
    return {**later, "swept": was_swept(there) or was_swept(record)}


def added_at(record: Mapping[str, Any]) -> float:
    """Seconds since 1970 at which a sweep last ran; 0 if its record does not say."""
    added = record.get("added")
    return float(added) if isinstance(added, int | float) and 0 <= added <= LATEST else 0.0


def was_swept(record: Mapping[str, Any]) -> bool:
    """Whether a sweep has gone through its own points; records of version 0.1 do not say, so it may have."""
    return bool(record.get("swept", True))


def merge(target: Store, sources: Sequence[Store]) -> int:
    """Copy sweeps, points and accuracies of ``sources`` into ``target``; returns how many points were new.

    Raises FileError or InputError for a damaged source, of which ``target`` then holds nothing.
    """
    before = target.count("ok") + target.count("failed")
    for source in sources:
        with target.transaction():
            there, sweeps = target.sweeps(), source.sweeps()
            target.add_rows(*source.whole_rows())
            for digest, record in sweeps.items():
                target.add_sweep(digest, later_record(there.get(digest), record))
                target.add_tried(digest, source.tried(digest))
    return target.count("ok") + target.count("failed") - before
