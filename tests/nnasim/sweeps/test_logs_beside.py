"""What lies beside a store: logs of a killed sweep, of another database, of a store that is gone; and locks on it."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from nnasim.errors import FileError
from nnasim.sweeps.frames import read_points
from nnasim.sweeps.rescue import examined, rescued
from nnasim.sweeps.store import Store
from tests.attack import attack
from tests.nnasim.sweeps.test_hostile_stores import GOOD, MORE


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with Store(tmp_path / "s.sqlite") as opened:
        opened.add("study", [GOOD])
    return tmp_path / "s.sqlite"


def strange_log(path: Path) -> Path:
    """The write-ahead log of another database, beside ``path``."""
    other, log = path.with_name("other.sqlite"), Path(f"{path}-wal")
    connection = sqlite3.connect(other)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE precious (x)")
    connection.commit()
    shutil.copy(f"{other}-wal", log)
    connection.close()
    return log


def strange_journal(path: Path) -> Path:
    """The rollback journal of another database that was left amid a change, beside ``path``."""
    other, journal = path.with_name("other.sqlite"), Path(f"{path}-journal")
    connection = sqlite3.connect(other, isolation_level=None)
    connection.execute("CREATE TABLE precious (x)")
    connection.executemany("INSERT INTO precious VALUES (?)", [(n,) for n in range(3000)])
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE precious SET x = x + 1")
    shutil.copy(f"{other}-journal", journal)
    connection.rollback()
    connection.close()
    return journal


def test_the_log_of_a_sweep_that_was_killed_is_read_and_stays(store: Path, tmp_path: Path) -> None:
    with Store(store) as opened:
        opened.add("study", [MORE])
        killed = tmp_path / "killed.sqlite"
        shutil.copy(store, killed)
        shutil.copy(f"{store}-wal", f"{killed}-wal")
    before = [killed.read_bytes(), Path(f"{killed}-wal").read_bytes()]
    assert list(read_points(killed)["key"]) == ["k1", "k2"]
    assert examined(killed).whole
    assert [killed.read_bytes(), Path(f"{killed}-wal").read_bytes()] == before
    with Store(killed) as opened:
        assert opened.count("ok") == 2
    assert not Path(f"{killed}-wal").exists()


@pytest.mark.parametrize("strange", [strange_log, strange_journal])
def test_reading_takes_no_strange_log_in(store: Path, strange) -> None:
    log = strange(store)
    before = store.read_bytes(), log.read_bytes()
    for command in ("store check", "sweep-export"):
        more = ["--out", store.with_suffix(".csv")] if command == "sweep-export" else []
        assert attack(*command.split(), store, *more).code == 2
    assert (store.read_bytes(), log.read_bytes()) == before


def test_a_sweep_takes_no_log_in_with_which_its_store_is_none(store: Path) -> None:
    log = strange_log(store)
    before = store.read_bytes(), log.read_bytes()
    with pytest.raises(FileError, match="is a database, but no store"):
        Store(store)
    assert (store.read_bytes(), log.read_bytes()) == before


@pytest.mark.parametrize("strange", [strange_log, strange_journal])
def test_a_new_store_does_not_remove_the_log_of_one_that_is_gone(store: Path, strange) -> None:
    gone = store.with_name("gone.sqlite")
    log = strange(gone)
    before = log.read_bytes()
    with pytest.raises(FileError, match="is the log of a store that is gone"):
        rescued(store, gone)
    assert attack("merge", store, "--into", gone).code == 2
    assert not gone.exists()
    assert log.read_bytes() == before


def test_a_link_to_a_log_is_not_followed(store: Path) -> None:
    mine = store.with_name("mine.txt")
    mine.write_text("mine")
    Path(f"{store.with_name('gone.sqlite')}-wal").symlink_to(mine)
    with pytest.raises(FileError, match="is the log of a store that is gone"):
        rescued(store, store.with_name("gone.sqlite"))
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("link", ["hardlink_to", "symlink_to"])
def test_a_store_is_not_rescued_into_a_link_to_itself(store: Path, link: str) -> None:
    before = store.read_bytes()
    getattr(store.with_name("same.sqlite"), link)(store)
    with pytest.raises(FileError, match="exists already"):
        rescued(store, store.with_name("same.sqlite"))
    assert store.read_bytes() == before


@pytest.mark.parametrize("write", [True, False])
def test_a_store_that_another_process_keeps_is_not_read_amid_its_change(
    store: Path, monkeypatch: pytest.MonkeyPatch, write: bool
) -> None:
    monkeypatch.setattr("nnasim.sweeps.database.BUSY_SECONDS", 0.01)
    holder = sqlite3.connect(store, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(FileError, match="another process keeps it for itself"):
        Store(store, write=write)
    holder.close()
    with Store(store, write=write) as opened:
        assert opened.count("ok") == 1
