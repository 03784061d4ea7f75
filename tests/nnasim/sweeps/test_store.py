import os
import sqlite3
import time
from pathlib import Path

import pytest

from nnasim.errors import FileError
from nnasim.sweeps.claims import Claims
from nnasim.sweeps.evaluate import Outcome
from nnasim.sweeps.store import STORE_VERSION, Store, merge

GOOD = Outcome("k1", {"clock_hz": 1.0}, {"rtf": 0.5}, None, 0.1)
BAD = Outcome("k2", {"clock_hz": 2.0}, None, "sram.bytes = 1: too few", 0.1)


def test_rows_read_back_failed_ones_with_their_message(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        store.add("study", [GOOD, BAD])
        assert store.outcomes(["k1", "k2", "k3"]) == {"k1": GOOD, "k2": BAD}
        assert store.done(["k1", "k2", "k3"]) == {"k1", "k2"}
        assert (store.count("ok"), store.count("failed")) == (1, 1)
        assert store.forget_failed() == 1
        assert store.done(["k1", "k2"]) == {"k1"}


def test_a_point_is_stored_once(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        store.add("study", [GOOD])
        store.add("study", [Outcome("k1", {}, {"rtf": 9.0}, None, 0.1)])
        assert store.outcomes(["k1"])["k1"] == GOOD


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '99'")
    connection.close()
    with pytest.raises(FileError, match=f"is a store of version '99', this nnasim reads 1 to {STORE_VERSION}"):
        Store(path)


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    text, folder, foreign = tmp_path / "a.txt", tmp_path / "folder", tmp_path / "b.sqlite"
    text.write_text("not a store, but long enough for a header")
    folder.mkdir()
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE points (x)")
    connection.close()
    os.mkfifo(tmp_path / "fifo")
    for path, why in ((text, "not an SQLite file"), (folder, "regular file"), (foreign, "no store of nnasim"),
                      (tmp_path / "fifo", "regular file")):  # fmt: skip
        with pytest.raises(FileError, match=why):
            Store(path)
    with pytest.raises(FileError, match="cannot be read"):
        Store(tmp_path / "absent", write=False)


@pytest.mark.parametrize("write", [True, False])
@pytest.mark.parametrize(
    ("name", "statements"),
    [
        ("t", ["CREATE TRIGGER t AFTER INSERT ON points BEGIN DELETE FROM meta; END"]),
        ("notes", ["CREATE TABLE notes (x)"]),
        ("i", ["CREATE INDEX i ON points (status)"]),
        ("points", ["ALTER TABLE points RENAME TO were", "CREATE VIEW points AS SELECT * FROM were"]),
        ("points", ["ALTER TABLE points ADD COLUMN more TEXT GENERATED ALWAYS AS (key) VIRTUAL"]),
        ("sqlite_stat1", ["ANALYZE"]),
        ("claims", ["DROP TABLE claims"]),
    ],
)
def test_a_store_with_other_tables_triggers_or_views_is_refused_by_their_names(
    tmp_path: Path, name: str, statements: list[str], write: bool
) -> None:
    path = tmp_path / "s.sqlite"
    Store(path).close()
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    with pytest.raises(FileError, match=f"has other tables than a store of nnasim: .*'{name}'"):
        Store(path, write=write)


def test_a_truncated_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        store.add("study", [GOOD])
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(FileError, match="store"):
        Store(path)


def test_merging_adds_what_is_new(tmp_path: Path) -> None:
    with Store(tmp_path / "a.sqlite") as a, Store(tmp_path / "b.sqlite") as b, Store(tmp_path / "c.sqlite") as c:
        a.add("study", [GOOD])
        b.add("study", [GOOD, BAD])
        b.add_sweep("digest", {"study": {}})
        b.add_accuracy("key", {"wer": 0.1}, None)
        assert merge(c, [a, b]) == 2
        assert merge(c, [a, b]) == 0
        assert c.outcomes(["k1", "k2"]) == {"k1": GOOD, "k2": BAD}
        assert c.sweeps() == {"digest": {"study": {}}}
        assert c.accuracy("key") == ({"wer": 0.1}, None)


def test_two_processes_do_not_claim_the_same_point(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store, Store(tmp_path / "s.sqlite") as other:
        first, second = Claims(store), Claims(other)
        assert first.take(["a", "b"]) == {"a", "b"}
        assert first.take(["a"]) == set()  # it is in work already
        assert second.take(["b", "c"]) == {"c"}
        first.release()
        assert second.take(["a", "b", "c"]) == {"a", "b"}


def test_the_claims_of_a_dead_process_are_free(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        dead = Claims(store)
        dead.pid = 2**22 + 1  # beyond Linux' largest
        dead.beat()
        assert dead.take(["a"]) == {"a"}
        assert Claims(store).take(["a"]) == {"a"}


class Clock:
    """Seconds that go by when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _own(store: Store, host: object, pid: object, beat: object, key: str = "a") -> None:
    store.database.run("INSERT OR REPLACE INTO owners VALUES ('other', ?, ?, ?)", (host, pid, beat))
    store.database.run("INSERT OR IGNORE INTO claims VALUES (?, 'other')", (key,))


@pytest.mark.parametrize("ahead", [-200.0, 0.0, 200.0])
def test_claims_of_another_machine_expire_when_it_is_not_heard_of_whatever_its_clock(
    tmp_path: Path, ahead: float
) -> None:
    clock = Clock()
    with Store(tmp_path / "s.sqlite") as store:
        claims = Claims(store, clock)
        for beat in range(3):  # it lives
            _own(store, "elsewhere", 5, time.time() + ahead + beat)
            assert claims.take(["a"]) == set()
            clock.now += 50
        clock.now += 20
        assert claims.take(["a"]) == {"a"}


@pytest.mark.parametrize(
    ("host", "pid", "beat"),
    [
        ("elsewhere", 5, 1e18),  # a clock that is set to the end of days
        ("elsewhere", 5, 1.0),  # one that began with the machine
        ("elsewhere", "x", 1.0),
        (b"\xff", None, None),
        ("elsewhere", -1, 1e9),
        ("elsewhere", 2**62, float("inf")),
    ],
)
def test_a_beat_that_no_process_of_ours_wrote_holds_nothing(
    tmp_path: Path, host: object, pid: object, beat: object
) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        claims = Claims(store)
        _own(store, host, pid, beat)
        assert claims.take(["a"]) == {"a"}


@pytest.mark.parametrize("dates", [[5.0] * 6, [1e9, -1e9, 4.3e9, 0.0, 1e9, 1e9 - 3600], [0.0] * 6])
def test_a_process_that_lives_keeps_its_claims_whatever_its_date_is_set_to(tmp_path: Path, dates: list[float]) -> None:
    """Each look sees another beat than the one before: it is the other's own clock that counts."""
    clock, coming = Clock(), iter(dates)
    with Store(tmp_path / "s.sqlite") as store:
        living = Claims(store, date=lambda: next(coming))
        living.take(["a"])
        other = Claims(store, clock)
        for _ in dates[1:]:
            assert other.take(["a"]) == set()
            clock.now += 59
            living.beat()
        assert other.take(["a"]) == set()


@pytest.mark.parametrize("leap", [-3e9, -3600.0, 3600.0, 3e9])
def test_a_date_that_leaps_between_claim_and_expiry_changes_neither(tmp_path: Path, leap: float) -> None:
    clock, date = Clock(), Clock()
    with Store(tmp_path / "s.sqlite") as store:
        still = Claims(store, date=date)
        still.take(["a"])
        other = Claims(store, clock, date)
        assert other.take(["a"]) == set()
        date.now += leap
        clock.now += 60
        assert other.take(["a"]) == set()
        clock.now += 1
        assert other.take(["a"]) == {"a"}


def test_claims_without_an_owner_are_free(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        store.database.run("INSERT INTO claims VALUES ('a', 'nobody')")
        assert Claims(store).take(["a"]) == {"a"}


def test_a_process_of_this_machine_that_hangs_loses_its_claims(tmp_path: Path) -> None:
    clock = Clock()
    with Store(tmp_path / "s.sqlite") as store:
        alive, claims = Claims(store), Claims(store, clock)
        assert alive.take(["a"]) == {"a"}
        assert claims.take(["a"]) == set()
        clock.now += 61
        assert claims.take(["a"]) == {"a"}
