"""A store of a search whose rows say of its points what no search of it could: one line, or tables and a page of it."""

import json
import sqlite3
from pathlib import Path

import pytest

from nnasim.sweeps.stored_rows import with_sum
from tests.attack import attack, refused

READERS = (
    "sweep-export h.sqlite --out o.csv", "sweep-export h.sqlite --out o.parquet",
    "sweep-export h.sqlite --out o.journal", "sweep-report h.sqlite --out o.html",
)  # fmt: skip
POINT = {"sram.bytes": 65536, "dram.bytes_per_second": 2e9}
FIGURES = {"engine_latency_ms.p90": 1.0, "energy_mj": 1.0, "bottleneck": "host", "fallback": None}


@pytest.fixture
def folder(seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "h.sqlite").write_bytes((seeds / "searched.sqlite").read_bytes())
    return tmp_path


def change(folder: Path, **columns: object) -> None:
    """Change the first point, with its checksum: whoever wrote it meant it."""
    connection = sqlite3.connect(folder / "h.sqlite", isolation_level=None)
    for name, value in columns.items():
        connection.execute(f"UPDATE points SET {name} = ? WHERE rowid = 1", (json.dumps(value),))
    *row, _ = connection.execute("SELECT * FROM points WHERE rowid = 1").fetchone()
    connection.execute("UPDATE points SET sum = ? WHERE rowid = 1", (with_sum(*row)[-1],))
    connection.close()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ({"sram.bytes": "x"}, "point.sram.bytes = 'x': must be one of 65536, 393216, as"),
        ({"sram.bytes": True}, "point.sram.bytes = True: must be one of"),
        ({"sram.bytes": None}, "point.sram.bytes = None: must be one of"),
        ({"sram.bytes": 2**62}, "must be one of"),
        (
            {"dram.bytes_per_second": "1e9"},
            "= '1e9': must be a number of at least 1,000,000,000 and",
        ),
        ({"dram.bytes_per_second": 4.1e9}, "must be a number of at least 1,000,000,000 and at most 4,000,000,000"),
    ],
)
def test_a_value_that_its_axis_does_not_have_is_named(value: dict, allowed: str, reader: str, folder: Path) -> None:
    change(folder, point={**POINT, **value})
    assert allowed in refused(*reader.split())


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "columns",
    [
        {"point": {}},  # as if it was shared with a sweep of other axes
        {"point": {"rtf": "x", "status": 1, "key": None, "energy_mj": "x", "=1+1": "x"}},
        {"figures": {}},
        {"figures": {**FIGURES, "bottleneck": None, "energy_mj": None}},
        {"figures": {**FIGURES, "energy_mj": 10**99, "rtf": -0.0, "sram.bytes": 5}},
    ],
)
def test_what_a_row_lacks_or_has_beside_is_no_harm(columns: dict, reader: str, folder: Path) -> None:
    change(folder, **columns)
    assert attack(*reader.split()).code == 0


def test_words_where_a_number_is_and_a_number_where_words_are_are_named(folder: Path) -> None:
    change(folder, figures={**FIGURES, "bottleneck": 5})
    assert "bottleneck must be words" in refused(*READERS[0].split())
    change(folder, figures={**FIGURES, "energy_mj": "5"})
    assert "energy_mj must be a number" in refused(*READERS[0].split())
