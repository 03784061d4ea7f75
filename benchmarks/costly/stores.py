"""Stores and journals of sweeps that could cost much."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

from benchmarks.costly.attack import (
    Attack,
    Write,
    lines_file,
    sparse_file,
    text_file,
)
from nnasim import limits


def _store(statements: Callable[[sqlite3.Connection], object], name: str = "h.sqlite") -> Write:
    """The seeds' store, changed by SQL."""

    def write(folder: Path) -> None:
        (folder / name).write_bytes((folder / "store.sqlite").read_bytes())
        connection = sqlite3.connect(folder / name, isolation_level=None)
        connection.execute("PRAGMA journal_mode = DELETE")
        statements(connection)
        connection.close()

    return write


def _endless_view(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE points RENAME TO old")
    connection.execute(
        "CREATE VIEW points AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT i AS key, study, status, point, figures, message, seconds, sum FROM n, old"
    )


def _long_value(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE points SET figures = CAST(zeroblob(900000000) AS TEXT) WHERE rowid = 1")


def _many_rows(connection: sqlite3.Connection) -> None:
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000) "
        "INSERT INTO points SELECT 'k' || i, study, status, point, figures, message, seconds, NULL "
        "FROM n, (SELECT * FROM points LIMIT 1)"
    )


def _many_studies(connection: sqlite3.Connection) -> None:
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) "
        "INSERT INTO studies SELECT 'k' || i, record, NULL FROM n, (SELECT * FROM studies LIMIT 1)"
    )


def _long_figures(connection: sqlite3.Connection) -> None:
    """Write a row of 800,000 figures."""
    figures = json.dumps({f"f{n}": 1.0 for n in range(800_000)})
    connection.execute("UPDATE points SET figures = ?, sum = NULL WHERE rowid = 1", (figures,))


def _many_tables(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    for number in range(30_000):
        connection.execute(f"CREATE TABLE t{number} (a)")
    connection.execute("COMMIT")


def _claims(connection: sqlite3.Connection) -> None:
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000) "
        "INSERT INTO claims SELECT 'k' || i, 'nobody' FROM n"
    )


def _long_journal() -> str:
    """As many lines as a journal may have: trials that begin, and a last line that is cut."""
    begun = '{"op_code": 4, "worker_id": "x", "study_id": 0, "datetime_start": "%d"}\n'
    study = '{"op_code": 0, "worker_id": "x", "study_name": "x", "directions": [1]}\n'
    return "".join([study, *(begun % number for number in range(limits.JOURNAL_LINES - 1)), "{"])


EXPORT = "sweep-export h.sqlite --out out.csv"

SEARCH = "search sweep.yaml --store out.sqlite --trials 1 --jobs 1 --storage h.log"

ATTACKS = (
    Attack("store: points without end", _store(_endless_view), EXPORT),
    Attack("store: a value of 900 MB", _store(_long_value), EXPORT),
    Attack("store: a value of 900 MB, checked", _store(_long_value), "store check h.sqlite"),
    Attack("store: a row of 800,000 figures", _store(_long_figures), EXPORT),
    Attack("store: a row of 800,000 figures, its page", _store(_long_figures), "sweep-report h.sqlite --out out.html"),
    Attack("store: 1,500,000 points", _store(_many_rows), EXPORT),
    Attack("store: 1,500,000 points, its page", _store(_many_rows), "sweep-report h.sqlite --out out.html"),
    Attack("store: 300,000 sweeps", _store(_many_studies), EXPORT),
    Attack("store: 30,000 tables", _store(_many_tables), EXPORT),
    Attack("store: 2,000,000 claims", _store(_claims, "out.sqlite"), "sweep sweep.yaml --store out.sqlite --jobs 1"),
    Attack("store: 3.9 GB of zeros", sparse_file("h.sqlite"), EXPORT),
    Attack(
        "store: 3.9 GB behind SQLite's first bytes",
        sparse_file("h.sqlite", head=b"SQLite format 3\0" + bytes(84)),
        "store check h.sqlite",
    ),
    Attack(
        "journal: one line of 100 MB",
        text_file("h.log", lambda: b"x" * 100_000_000),
        SEARCH,
    ),
    Attack(
        "journal: 2,000,000 lines",
        lines_file("h.log", "", '{"op_code": 4, "worker_id": "x", "study_id": 0}\n', 2_000_000),
        SEARCH,
    ),
    Attack(
        "journal: 750,000 lines, the last one cut",
        text_file("h.log", _long_journal),
        SEARCH,
    ),
    Attack(
        "journal: 3.9 GB, sparse",
        sparse_file("h.log"),
        SEARCH,
    ),
    Attack(
        "journal: lines of `[`",
        lines_file("h.log", "", "[" * 100_000 + "\n", 100),
        SEARCH,
    ),
)
