"""One SQLite file, each failure of which becomes one line: a damaged or foreign file, a full disk, and others."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from nnasim import files
from nnasim.errors import FileError, named
from nnasim.limits import LONGEST_STORED_VALUE

BUSY_SECONDS = 60.0
_MAGIC = b"SQLite format 3\0"
_HEAD = 4096  # bytes that tell a file of another kind
LOGS = ("-wal", "-journal")
SIDE_FILES = (*LOGS, "-shm")
# Pages of a hostile file may lead in a circle, or one page to another fifty times over, ten levels deep: a walk through
# them has no end. A walk through a whole store of the smallest rows takes half a step of SQLite's for each byte.
_LOOKED_AFTER = 100_000  # steps
_STEPS, _STEPS_A_BYTE = 1_000_000, 1
# Beside SQLite's own: an integer beyond 64 bits, and messages about tables whose names are no text.
_NO_MEMORY = ("SQLITE_NOMEM", "SQLITE_IOERR_NOMEM", "SQLITE_IOERR_SHMMAP")
_FAILURES = (sqlite3.Error, OverflowError, UnicodeDecodeError)

Row = tuple[Any, ...]


class Database:
    """An open database file. Its statements are ours; its values are not trusted. Raises FileError for every fault."""

    def __init__(self, path: Path, *, write: bool) -> None:
        """Open the regular file ``path``; to ``write``, make it. It is a path even if SQLite has a meaning for it."""
        self.path, self.write = path, write
        self._steps, self._endless = 0, False
        if os.path.lexists(path):
            _refuse_no_database(path)
        elif not write:
            raise FileError(path, "cannot be read (No such file or directory)")
        else:
            refuse_lone_logs(path)
        try:
            if write:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._opened()
        except _FAILURES as error:
            self._refuse(error)

    def _opened(self) -> sqlite3.Connection:
        if self.write:
            return self._connect("rwc")
        if has_log(self.path):  # which may be another database's, and with "rw" it would be taken in
            return self._connect("ro")
        # With "ro" an empty log would stay behind; where it may not write, it does not.
        connection = self._connect("rw")
        try:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        except _FAILURES as error:
            connection.close()
            if _is_held(error):
                raise
            # Write-ahead logging puts files beside the one that it reads, which a read-only folder does not take.
            return self._connect("ro&immutable=1")
        return connection

    def _connect(self, mode: str) -> sqlite3.Connection:
        address = f"{Path(os.path.abspath(self.path)).as_uri()}?mode={mode}"
        connection = sqlite3.connect(address, timeout=BUSY_SECONDS, isolation_level=None, uri=True)
        connection.set_progress_handler(self._leads_in_a_circle, _LOOKED_AFTER)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_STORED_VALUE)
        connection.text_factory = _text
        connection.execute("PRAGMA trusted_schema = OFF")
        return connection

    def size(self) -> int:
        """Bytes of the file and of its log."""
        return sum(path.stat().st_size for path in (self.path, Path(f"{self.path}-wal")) if path.exists())

    def _leads_in_a_circle(self) -> bool:
        """Whether a statement, which SQLite then ends, has taken more steps than a file of this size has a use for."""
        self._steps += _LOOKED_AFTER
        self._endless = self._steps > _STEPS + _STEPS_A_BYTE * self.size()
        return self._endless

    def in_order(self, query: str) -> Iterator[Row]:
        """Each row of ``query``, ordered by its first column, a key. Raises FileError where one comes again."""
        last = None
        for row in self.rows(query):
            if isinstance(last, str) and isinstance(row[0], str) and row[0] <= last:
                self.refuse_circle()
            last = row[0]
            yield row

    def refuse_circle(self) -> NoReturn:
        """Raise FileError: a row has come again."""
        raise FileError(self.path, f"cannot be read as a store ({_CIRCLE}){WHOLE}")

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """Each row of ``query``."""
        self._steps = 0
        step: Callable[[], Row | None] | None = None
        while True:
            try:
                step = step or self._connection.execute(query, parameters).fetchone
                row: Row | None = step()
            except _FAILURES as error:
                self._refuse(error)
            if row is None:
                return
            yield row

    def row(self, query: str, parameters: Sequence[Any] = ()) -> Row | None:
        """The first row of ``query``; None if it has none."""
        return next(self.rows(query, parameters), None)

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement; returns how many rows it changed."""
        self._steps = 0
        try:
            return self._connection.execute(statement, parameters).rowcount
        except _FAILURES as error:
            self._refuse(error)

    def run_each(self, statement: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each of ``parameters``."""
        try:
            self._connection.executemany(statement, map(self._begun, parameters))
        except _FAILURES as error:
            self._refuse(error)

    def _begun(self, parameters: Sequence[Any]) -> Sequence[Any]:
        self._steps = 0
        return parameters

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A context whose statements take effect all together or not at all; it waits for other writers.

        Within another it is a part of that one.
        """
        if self._connection.in_transaction:
            yield
            return
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # SQLite has rolled it back itself where the disk is full
                self.run("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file. The write-ahead log is folded in when the last process closes."""
        self._connection.close()

    def _refuse(self, error: Exception) -> NoReturn:
        if not self.write and Path(f"{self.path}-wal").exists() and "unable to open" in str(error):
            why = "was not closed; copy it with its log to where both can be written, and it can be read"
            raise FileError(self.path, why) from None
        if getattr(error, "sqlite_errorname", "") == "SQLITE_READONLY_ROLLBACK":
            why = (
                "was left amid a change, which reading does not take back; `nnasim sweep` into it does, or into a copy"
            )
            raise FileError(self.path, why) from None
        if self._endless:
            self.refuse_circle()
        if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":  # by a signal, which SQLite swallows
            raise KeyboardInterrupt from None
        damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
        verdict = "cannot be read as a store" if damaged or "malformed" in str(error) else "cannot be used"
        raise FileError(self.path, f"{verdict} ({_said(error)}){WHOLE if damaged else ''}") from None


def _is_held(error: Exception) -> bool:
    """Whether another process keeps the file for itself: what lies in it then may be half a change."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _said(error: Exception) -> str:
    """The words of SQLite, but plain ones for a value that is too long, a file that another process keeps, and memory
    that is used up, which it calls an error of the disk.
    """
    if _is_held(error):
        return f"another process keeps it for itself; nnasim has waited {BUSY_SECONDS:g} s"
    if (name := getattr(error, "sqlite_errorname", "")) == "SQLITE_TOOBIG":
        return f"a value has more than {LONGEST_STORED_VALUE:,} bytes, the most that is allowed"
    if name in _NO_MEMORY:
        return "the memory of this machine, or what this process may have of it, is used up"
    return named(error)


_CIRCLE = "its pages lead back to rows before them"
WHOLE = "; `nnasim store check` says what is whole, and rescues it"


def is_store(path: Path) -> bool:
    """Whether a regular file begins as a store does. Raises FileError if it cannot be read."""
    with files.open_regular(path) as file:
        return file.read(len(_MAGIC)) == _MAGIC


def _text(data: bytes) -> str | bytes:
    """The text of a row; bytes if it is not UTF-8, so that this row is refused and not the whole table."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def has_log(path: Path, *endings: str) -> bool:
    """Whether a log beside the database says what is not in its file yet, or is to be taken back."""
    logs = (Path(f"{path}{ending}") for ending in endings or LOGS)
    return any(log.is_file() and log.stat().st_size for log in logs)


def refuse_lone_logs(path: Path) -> None:
    """Raise FileError if a log lies beside a file that is to be made: SQLite would remove it, or play it back. It may
    hold rows of a store that is gone.
    """
    for log in (Path(f"{path}{ending}") for ending in LOGS):
        if os.path.lexists(log) and (log.is_symlink() or not log.is_file() or log.stat().st_size):
            raise FileError(log, "is the log of a store that is gone; it would be lost if a new store got its name")


def _refuse_no_database(path: Path) -> None:
    """Raise FileError for a file that is not a regular SQLite file; an empty file is a store before its first page."""
    with files.open_regular(path) as file:
        head = file.read(_HEAD)
    if head and not head.startswith(_MAGIC):
        raise FileError(path, f"is no store (not an SQLite file){files.seems(path)}")
