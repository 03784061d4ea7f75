"""What a search's storage can be, and what becomes of one that is damaged."""

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

pytest.importorskip("optuna", reason="the sweep extra is not installed")

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from nnasim.errors import FileError, InputError
from nnasim.studies.search import searched
from nnasim.studies.sweep import prepared
from nnasim.sweeps import trials
from nnasim.sweeps.local import InlineBackend

SEARCH = {"sampler": "random", "search": {"batch": 2}}


@pytest.fixture
def search(write_study: Callable[..., Path], tmp_path: Path) -> Callable[[object], str]:
    """Searches with a storage; returns the line with which that is refused, nothing where it is not."""
    ready = prepared(write_study(**SEARCH))

    def run(storage: object) -> str:
        try:
            searched(ready, tmp_path / "s.sqlite", InlineBackend(), trials=2, storage=str(storage))
        except (InputError, FileError) as refusal:
            return str(refusal)
        return ""

    return run


@pytest.fixture
def journal(search, tmp_path: Path) -> Path:
    path = tmp_path / "journal"
    assert search(path) == ""
    return path


def test_a_journal_whose_last_line_is_cut_is_told_and_read_once_it_is_whole(search, journal: Path) -> None:
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-20])
    assert "the last one, is cut" in search(journal)
    journal.write_bytes(whole[: whole[:-20].rindex(b"\n") + 1])
    assert search(journal) == ""


@pytest.mark.parametrize("line", ["{", "[]", "5", '{"op_code": "x"}', "[" * 100_000, "\0" * 100])
def test_a_journals_line_that_is_none_is_named(search, journal: Path, line: str) -> None:
    lines = journal.read_text().splitlines()
    lines[2] = line
    journal.write_text("\n".join(lines) + "\n")
    assert "line 3 is no entry" in search(journal)


def test_entries_of_any_other_content_are_one_line(search, journal: Path) -> None:
    whole = journal.read_text().splitlines()
    for number, entry in enumerate(map(json.loads, whole)):
        for name in entry:
            for value in (None, "x", 10**30):
                lines = [*whole]
                lines[number] = json.dumps({**entry, name: value})
                journal.write_text("\n".join(lines) + "\n")
                search(journal)
        if number == 1:
            break


def test_a_line_that_is_there_twice_or_missing_is_named(search, journal: Path) -> None:
    """But for one that changes nothing when it is gone: Optuna names the metrics anew, and a trial whose end is missing
    is one whose process was ended.
    """
    whole = journal.read_text().splitlines(keepends=True)
    harmless = {json.dumps(3), json.dumps(6)}
    for number, line in enumerate(whole):
        operation = json.dumps(json.loads(line)["op_code"])
        journal.write_text("".join([*whole[:number], line, *whole[number:]]))
        complaint = search(journal)
        assert operation in {"0", "3"} or f"line {number + 2} " in complaint
        assert operation in {"0", "3"} or "there twice; begin a new journal" in complaint
        journal.write_text("".join([*whole[:number], *whole[number + 1 :]]))
        assert operation in harmless or re.search(r"line \d+ .*a line before it is missing", search(journal))


def test_studies_of_others_in_the_journal_may_set_what_they_like(search, journal: Path) -> None:
    theirs = [
        {"op_code": 0, "worker_id": "b", "study_name": "theirs", "directions": [1]},
        {"op_code": 4, "worker_id": "b", "study_id": 1, "datetime_start": None},
        {"op_code": 6, "worker_id": "b", "trial_id": 2, "state": 3, "values": None, "datetime_complete": "2026-01-01"},
    ]
    with journal.open("a") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in theirs)
    assert search(journal) == ""


@pytest.mark.parametrize(
    "storage",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///:memory:?password=secret",
        "SQLite+pysqlite:///",
        "sqlite:///file:x?mode=memory&uri=true",
        "sqlite:///file%3A%3Amemory%3A?uri=true",
    ],
)
def test_a_storage_in_memory_is_refused_since_nothing_of_it_is_kept(search, storage: str) -> None:
    line = search(storage)
    assert "in memory" in line
    assert "secret" not in line


@pytest.mark.parametrize(
    "storage",
    [
        "mysql://me:secret@nowhere.invalid/db", "nothing://me:secret@x", "http://", "mysql:/me:secret@x/db",
        "mysql://me:se\ncret secret@x/db", "me:secret@nowhere.invalid/db", "//me:secret@nowhere.invalid/db",
        "mysql://h/db?options=-c%20password%3Dsecret", "mysql://h/db?key=secret", "sqlite:///nowhere/x?token=secret",
    ],
)  # fmt: skip
def test_a_storage_that_cannot_be_reached_is_told_without_its_password(search, storage: str) -> None:
    line = search(storage)
    assert "cannot be used" in line
    assert "secret" not in line


def test_a_journal_that_is_no_regular_file_is_refused(search, tmp_path: Path) -> None:
    assert "regular" in search(tmp_path)


def test_a_storage_whose_parameters_would_be_ignored_is_refused(search, tmp_path: Path, recwarn) -> None:
    assert "parameters that its driver does not know" in search(f"sqlite:///{tmp_path}/x.db?password=secret")
    assert search(f"sqlite:///{tmp_path}/x.db") == ""
    assert not recwarn.list


class Silent(SQLiteDialect_pysqlite):
    """A driver of a database that takes a connection and says nothing."""

    def create_connect_args(self, url: object) -> tuple[list[object], dict[str, object]]:
        return [], {}

    def connect(self, *_: object, **__: object) -> NoReturn:
        threading.Event().wait()
        raise AssertionError("nobody sets the event")


def test_a_database_that_does_not_answer_is_told_within_a_minute(search, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.register("silent", __name__, "Silent")
    monkeypatch.setattr(trials, "OPEN_SECONDS", 1.0)
    line = search("silent://me:secret@host/db?password=secret")
    what = "cannot be used as Optuna's storage (it does not answer within 1 s)"
    assert line == f"storage: address = 'silent://me:***@host/db?password=***': {what}"
