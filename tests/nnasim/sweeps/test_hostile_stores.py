"""A store is a file of a stranger: rows, pages, names and places of it that were never ours."""

import csv
import io
import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from nnasim.errors import FileError, InputError
from nnasim.studies.sweep import prepared, swept
from nnasim.sweeps.database import Database
from nnasim.sweeps.evaluate import Outcome
from nnasim.sweeps.frames import read_points
from nnasim.sweeps.local import InlineBackend
from nnasim.sweeps.rescue import examined, rescued
from nnasim.sweeps.store import Store, merge
from tests.attack import attack, refused

GOOD = Outcome("k1", {"clock_hz": 1.0}, {"rtf": 0.5}, None, 0.1)
MORE = Outcome("k2", {"clock_hz": 2.0}, {"rtf": 0.25}, None, 0.1)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with Store(tmp_path / "s.sqlite") as opened:
        opened.add("study", [GOOD, MORE])
    return tmp_path / "s.sqlite"


@pytest.fixture
def filled(write_study: Callable[..., Path], tmp_path: Path) -> Path:
    """A store of a real sweep, all in one file."""
    path = tmp_path / "filled.sqlite"
    swept(prepared(write_study()), path, InlineBackend())
    return path


def change(store: Path, statement: str, *parameters: object) -> None:
    connection = sqlite3.connect(store)
    with connection:
        connection.execute(statement, parameters)
    connection.close()


@pytest.mark.parametrize("name", [":memory:", "file:x?mode=memory", "a b?.db", "100%.db"])
def test_a_name_that_sqlite_means_something_by_is_a_path(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Store(name) as opened:
        opened.add("study", [GOOD])
    assert (tmp_path / name).is_file()
    assert list(read_points(name)["key"]) == ["k1"]


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("figures", '{"rtf": 1e308}', "figures.rtf = 1e\\+308"),
        ("figures", '{"rtf": -1e101}', "figures.rtf"),
        ("figures", '{"rtf": %s}' % ("9" * 350), "figures.rtf"),
        ("figures", '{"rtf": %s}' % ("9" * 500), "500 digits"),
        ("figures", '{"rtf": NaN}', "NaN"),
        ("figures", '{"rtf": "x"}', "rtf must be a number"),
        ("figures", '{"rtf": true}', "figures.rtf"),
        ("figures", '{"rtf": [1]}', "figures.rtf"),
        ("figures", "[]", "figures"),
        ("figures", "{", "not JSON"),
        ("figures", b"\xff\x00", "must be JSON"),
        ("figures", 5, "figures"),
        ("figures", "[" * 200, "nested deeper"),
        ("figures", None, "status"),
        ("point", "5", "point"),
        ("point", '{"clock_hz": {}}', "point.clock_hz"),
        ("point", '{"clock_hz": %s}' % ("1" * 30), "point.clock_hz"),
        ("point", b"\xff", "must be JSON"),
        ("status", "maybe", "status"),
        ("message", b"\xff", "message"),
        ("message", "\ud800".encode("utf-16", "surrogatepass"), "message"),
        ("seconds", "soon", "seconds"),
        ("seconds", -1, "seconds"),
        ("study", b"\x00", "study"),
        ("key", b"k1", "key"),
    ],
)
def test_a_damaged_row_is_named_and_the_others_are_rescued(
    store: Path, tmp_path: Path, column: str, value: object, complaint: str
) -> None:
    change(store, f"UPDATE points SET {column} = ? WHERE key = 'k1'", value)
    with pytest.raises((InputError, FileError), match=complaint):
        read_points(store)
    with Store(tmp_path / "target.sqlite") as target, Store(store, write=False) as source:
        with pytest.raises((InputError, FileError)):
            merge(target, [source])
        assert target.count("ok") == 0
    assert not examined(store).whole
    rescued(store, tmp_path / "new.sqlite")
    assert list(read_points(tmp_path / "new.sqlite")["key"]) == ["k2"]
    assert examined(tmp_path / "new.sqlite").whole


@pytest.mark.parametrize(
    "record", [b"\xff", "{", "[]", "{}", '{"study": 5}', '{"study": {}}', '{"study": {"base": "edge256"}, "base": 5}']
)
def test_a_damaged_study_is_one_line(filled: Path, tmp_path: Path, record: object) -> None:
    change(filled, "UPDATE studies SET record = ?", record)
    refused("sweep-export", filled, "--out", tmp_path / "e.csv")
    refused("sweep-report", filled, "--out", tmp_path / "r.html")
    assert attack("store", "check", filled, "--into", tmp_path / "new.sqlite").code in (0, 1)
    assert len(read_points(tmp_path / "new.sqlite")) == 6


def test_a_studys_record_of_any_type_is_one_line(filled: Path, tmp_path: Path) -> None:
    with Store(filled, write=False) as opened:
        (record,) = opened.sweeps().values()
    for name in record:
        for value in (None, 5, -1e300, "x", [], {}, [[5]], {"a": 1}):
            change(filled, "UPDATE studies SET record = ?", json.dumps({**record, name: value}))
            attack("sweep-export", filled, "--out", tmp_path / "e.csv", "--force")
    for section in ("clock_hz", "mac_array", "dram", "numerics", "host"):
        for value in (None, {}, -1, "x"):
            damaged = {**record, "base": {**record["base"], section: value}}
            change(filled, "UPDATE studies SET record = ?", json.dumps(damaged))
            attack("sweep-export", filled, "--out", tmp_path / "e.csv", "--force")


def test_figures_that_the_page_draws_from_may_be_absent(filled: Path, tmp_path: Path) -> None:
    change(filled, "UPDATE points SET figures = '{\"energy_mj\": 1e99}', sum = NULL")
    assert attack("sweep-report", filled, "--out", tmp_path / "r.html").code == 0


@pytest.mark.parametrize("text", ["a\r=1+1", "\r=1+1", 'a"\r\n=1+1', "a\n=1+1", "a,=1+1"])
@pytest.mark.parametrize("place", ["words", "name"])
def test_no_text_of_a_row_ends_it_in_a_table(filled: Path, tmp_path: Path, text: str, place: str) -> None:
    """pandas leaves a cell that holds a carriage return without quotation marks, and readers begin a row there."""
    more = {"bottleneck": text} if place == "words" else {text: 1.5}
    with Store(filled, write=False) as opened:
        figures = {**next(opened.all_outcomes())[1].figures, **more}
    change(filled, "UPDATE points SET figures = ?, sum = NULL", json.dumps(figures))
    assert attack("sweep-export", filled, "--out", tmp_path / "e.csv", "--csv-safe").code == 0
    header, *rows = csv.reader(io.StringIO((tmp_path / "e.csv").read_bytes().decode(), newline=""))
    assert [len(row) for row in rows] == 6 * [len(header)]
    assert text in "|".join(header if place == "name" else rows[0])


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bytes_are_one_line_and_what_is_whole_is_rescued(filled: Path, tmp_path: Path, seed: int) -> None:
    chance, data = random.Random(seed), bytearray(filled.read_bytes())
    first = 0 if seed % 4 == 0 else 100  # the header too, now and then
    for _ in range(chance.choice((1, 3, 30))):
        data[chance.randrange(first, len(data))] = chance.randrange(256)
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(data)
    attack("sweep-export", damaged, "--out", tmp_path / "e.csv")
    attack("merge", damaged, "--into", tmp_path / "all.sqlite")
    ending = attack("store", "check", damaged, "--into", tmp_path / "new.sqlite")
    if ending.code != 2:
        assert examined(tmp_path / "new.sqlite").whole


def test_a_store_of_rows_beyond_a_damaged_page_keeps_those_before_and_behind(tmp_path: Path) -> None:
    path = tmp_path / "long.sqlite"
    with Store(path) as opened:
        opened.add("study", [Outcome(f"k{n:04}", {"clock_hz": 1.0 * n}, {"rtf": 0.5}, None, 0.1) for n in range(2000)])
    data = bytearray(path.read_bytes())
    middle = data.find(b'"clock_hz": 1000.0') // 4096 * 4096
    data[middle : middle + 4096] = bytes(4096)
    path.write_bytes(data)
    findings = examined(path)
    assert findings.complaints
    assert 1900 < findings.rows["points"] < 2000
    assert rescued(path, tmp_path / "new.sqlite") == findings
    assert len(read_points(tmp_path / "new.sqlite")) == findings.rows["points"]


def test_a_store_in_a_folder_that_is_read_only_is_read(store: Path, tmp_path: Path, monkeypatch) -> None:
    """What SQLite says there, whoever runs the tests: root may write everywhere."""

    def connect(database: Database, mode: str, given=Database._connect) -> sqlite3.Connection:
        connection = given(database, mode)
        if "immutable" not in mode:
            connection.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
        return connection

    monkeypatch.setattr(Database, "_connect", connect)
    monkeypatch.setattr(sqlite3, "OperationalError", sqlite3.DatabaseError)
    assert len(read_points(store)) == 2


def test_reading_changes_nothing(store: Path) -> None:
    before = store.read_bytes()
    read_points(store)
    examined(store)
    assert store.read_bytes() == before
    assert list(store.parent.iterdir()) == [store]


def test_a_full_disk_is_one_line_and_what_was_stored_stays(store: Path) -> None:
    with Store(store) as opened:
        opened.database.run("PRAGMA max_page_count = 12")
        with pytest.raises(FileError, match="full"):
            opened.add("study", [Outcome(f"n{n}", {}, {"rtf": 1.0}, None, 0.1) for n in range(10_000)])
        assert opened.count("ok") == 2
        with pytest.raises(FileError, match="full"):  # and the transaction is over
            opened.add("study", [Outcome(f"n{n}", {}, {"rtf": 1.0}, None, 0.1) for n in range(10_000)])
    assert len(read_points(store)) == 2


def test_rescue_never_replaces_a_file(store: Path) -> None:
    with pytest.raises(FileError, match="exists already"):
        rescued(store, store)


@pytest.mark.parametrize(
    ("before", "after"), [(b'{"rtf": 0.5}', b'{"rtf": 0.7}'), (b'{"clock_hz": 1.0}', b'{"clock_hz": 3.0}')]
)
def test_a_flipped_byte_that_is_still_json_is_found_and_named(
    store: Path, tmp_path: Path, before: bytes, after: bytes
) -> None:
    data = store.read_bytes()
    assert data.count(before) == 1
    store.write_bytes(data.replace(before, after))
    with pytest.raises(InputError, match=r"row k1 = .*: must be the checksum of the row"):
        read_points(store)
    findings = examined(store)
    assert findings.damaged == len(findings.complaints) == 1
    rescued(store, tmp_path / "new.sqlite")
    assert list(read_points(tmp_path / "new.sqlite")["key"]) == ["k2"]


def test_a_flipped_byte_of_a_score_or_a_sweep_is_found(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as opened:
        opened.add_accuracy("arithmetic", {"wer": 0.25}, None)
        opened.add_sweep("digest", {"study": {"points": 5}})
    path.write_bytes(path.read_bytes().replace(b"0.25", b"0.75").replace(b'"points": 5', b'"points": 7'))
    with Store(path, write=False) as opened:
        with pytest.raises(InputError, match="row arithmetic = "):
            opened.accuracy("arithmetic")
        with pytest.raises(InputError, match="row digest = "):
            opened.sweeps()


def old_store(path: Path, version: int) -> None:
    """A store as versions before sums wrote it."""
    with Store(path) as opened:
        opened.add("study", [GOOD, MORE])
        opened.add_accuracy("arithmetic", {"wer": 0.25}, None)
    change(path, "UPDATE meta SET value = ?", str(version))
    for table in ("studies", "points", "accuracy"):
        change(path, f"ALTER TABLE {table} DROP COLUMN sum")
    if version == 1:
        change(path, "DROP TABLE tried")


@pytest.mark.parametrize("version", [1, 2])
def test_a_store_without_sums_is_read_and_goes_on(tmp_path: Path, version: int) -> None:
    path = tmp_path / "old.sqlite"
    old_store(path, version)
    assert list(read_points(path)["key"]) == ["k1", "k2"]
    assert examined(path).whole
    with Store(tmp_path / "all.sqlite") as target, Store(path, write=False) as source:
        assert merge(target, [source]) == 2
    with Store(path) as opened:
        assert opened.accuracy("arithmetic") == ({"wer": 0.25}, None)
        opened.add("study", [Outcome("k3", {"clock_hz": 3.0}, {"rtf": 0.1}, None, 1)])
    assert examined(path).whole
    path.write_bytes(path.read_bytes().replace(b'{"rtf": 0.1}', b'{"rtf": 0.7}'))
    assert "row k3" in examined(path).complaints[0]


def test_a_whole_store_of_any_number_of_rows_is_looked_at_and_a_damaged_one_loses_none_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.sqlite"
    with Store(path) as opened:
        opened.add("study", [Outcome(f"k{n}", {"clock_hz": 1.0 + n}, {"rtf": 0.5}, None, 0.1) for n in range(5)])
    monkeypatch.setattr("nnasim.sweeps.rescue.MOST_ROWS", 4)
    assert examined(path).rows["points"] == 5
    path.write_bytes(path.read_bytes() + bytes(4096))
    path.write_bytes(with_pages(path.read_bytes(), 1))
    with pytest.raises(FileError, match="has 5 points or more; at most 4 rows of a table are rescued where"):
        examined(path)
    monkeypatch.setattr("nnasim.sweeps.rescue.MOST_ROWS", 5)
    assert examined(path).rows["points"] == 5


def with_pages(data: bytes, more: int) -> bytes:
    """A file whose header counts so many pages more, which nothing leads to: SQLite finds that at once."""
    count = int.from_bytes(data[28:32], "big") + more
    return data[:28] + count.to_bytes(4, "big") + data[32:]
