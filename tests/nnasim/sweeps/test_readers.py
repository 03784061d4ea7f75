"""Every command that reads a store finds what every command that fills one wrote, for every axis and sampler."""

import csv
import json
import re
import sqlite3
from pathlib import Path

import pytest

from nnasim.cli.main import main
from nnasim.errors import InputError
from nnasim.studies.search import searched
from nnasim.studies.sweep import prepared, swept
from nnasim.sweeps.frames import StoredSweep, read_points
from nnasim.sweeps.local import InlineBackend
from nnasim.sweeps.store import Store
from tests.nnasim.conftest import TRACE

HANDOFF = {"host.handoff_us": {"range": [5, 50]}}
COUNTED = {"host.handoff_us": {"range": [5, 50, 3]}}
AXES = {
    "list": {"host.handoff_us": {"list": [5, 20, 50]}},
    "range": COUNTED,
    "logrange": {"dram.bytes_per_second": {"logrange": [1e9, 4e9, 3]}},
    "integers": {"sram.bytes": {"range": [131072, 262144, 3], "multiple": 16384}},
    "numerics": {"numerics.activation": {"list": ["lut8", "pwl"]}, "numerics.activation_range": {"list": [None, 4]}},
    "system": {"system": {"list": ["aat", "cpu_fallback"]}, **COUNTED},
    "placement": {"placement.argmax": {"list": ["cpu", "nna"]}, **COUNTED},
    "options": {"options.endpointer_ms": {"range": [0, 1, 2]}, **COUNTED},
}
SAMPLERS = ("grid", "random", "lhs", "sobol", "saltelli")


def fill(filler: str, study: Path, store: Path, trials: int | None = None) -> None:
    """Sweep or search a study. In this process: what is read is the same, and workers take seconds to start."""
    if filler == "search":
        searched(prepared(study), store, InlineBackend(), trials=trials)
    else:
        swept(prepared(study), store, InlineBackend())


def stored_rows(store: Path) -> int:
    return len(read_points(store))


def assert_every_reader_finds_them(store: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> int:
    """Export, page, frame and merge show every row of a store with one study; returns how many there are."""
    rows = stored_rows(store)
    assert rows > 0
    for ending in ("csv", "journal"):
        assert main(["sweep-export", str(store), "--out", str(folder / f"e.{ending}"), "--force"]) == 0
    assert f"{folder / 'e.csv'}: {rows} of {rows} points" in capsys.readouterr().out
    with (folder / "e.csv").open() as file:
        assert len({row["key"] for row in csv.DictReader(file)}) == rows
    assert main(["sweep-report", str(store), "--out", str(folder / "r.html"), "--force"]) == 0
    assert f"{rows} of {rows} points ran well" in (folder / "r.html").read_text()
    study = StoredSweep(store)
    assert len(study.good) == study.total == rows
    assert len(read_points(store, study.digest)) == len(read_points(store, "study")) == rows
    merged = folder / f"merged-{rows}.sqlite"
    if not merged.exists():
        assert main(["merge", str(store), "--into", str(merged)]) == 0
        assert len(StoredSweep(merged).good) == StoredSweep(merged).total == rows
    return rows


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("filler", ["sweep", "search"])
def test_what_fills_a_store_is_found_for_every_kind_of_axis(
    filler: str, axes: str, write_study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("optuna")  # its journal is among the readers
    study, store = write_study(axes=AXES[axes]), tmp_path / "s.sqlite"
    fill(filler, study, store, trials=6)
    rows = assert_every_reader_finds_them(store, tmp_path, capsys)
    fill(filler, study, store, trials=6)  # what is there is found again
    assert stored_rows(store) == rows


@pytest.mark.parametrize("filler", ["sweep", "search"])
def test_what_fills_a_store_is_found_for_several_traces(
    filler: str, write_study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("optuna")  # its journal is among the readers
    study = write_study(axes=COUNTED, traces=[TRACE, {**TRACE, "frames": 4, "system": "cpu_fallback"}])
    fill(filler, study, tmp_path / "s", trials=4)
    assert_every_reader_finds_them(tmp_path / "s", tmp_path, capsys)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_what_a_sweep_of_any_sampler_fills_is_found(
    sampler: str, write_study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = {} if sampler == "grid" else {"points": 4}
    study, store = write_study(axes=COUNTED if sampler == "grid" else HANDOFF, sampler=sampler, **more), tmp_path / "s"
    fill("sweep", study, store)
    rows = stored_rows(store)
    loaded = StoredSweep(store)
    assert len(loaded.good) == loaded.total >= rows
    assert set(loaded.points["key"]) == set(read_points(store)["key"])
    assert main(["sweep-export", str(store), "--out", str(tmp_path / "e.csv")]) == 0
    assert main(["sweep-report", str(store), "--out", str(tmp_path / "r.html")]) == 0


@pytest.mark.parametrize(
    ("algorithm", "sampler"), [*(("tpe", sampler) for sampler in SAMPLERS), ("nsga2", "grid"), ("random", "saltelli")]
)
def test_what_a_search_by_any_algorithm_tries_is_found_whatever_the_studys_sampler(
    algorithm: str, sampler: str, write_study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("optuna")
    study = write_study(axes=HANDOFF, sampler=sampler, search={"algorithm": algorithm, "trials": 5, "batch": 2})
    store = tmp_path / "s.sqlite"
    fill("search", study, store)
    assert assert_every_reader_finds_them(store, tmp_path, capsys) == 5


def test_a_search_behind_a_sweep_adds_its_points_to_the_grids(write_study, tmp_path: Path, capsys) -> None:
    pytest.importorskip("optuna")
    study, store = write_study(axes=COUNTED), tmp_path / "s.sqlite"
    fill("sweep", study, store)
    fill("search", study, store, trials=5)
    rows = assert_every_reader_finds_them(store, tmp_path, capsys)
    assert rows == 8
    assert not StoredSweep(store).is_sample


def test_a_search_whose_constraints_no_sample_would_meet_is_read(write_study, tmp_path: Path, capsys) -> None:
    pytest.importorskip("optuna")
    study = write_study(axes=HANDOFF, sampler="random", points=1, seed=1, constraints=["host.handoff_us < 25"])
    store = tmp_path / "s.sqlite"
    fill("search", study, store, trials=6)
    assert_every_reader_finds_them(store, tmp_path, capsys)


def test_a_sweep_still_needs_the_number_of_values_of_a_grid(write_study, tmp_path: Path, capsys) -> None:
    assert main(["sweep", str(write_study(axes=HANDOFF)), "--store", str(tmp_path / "s")]) == 2
    assert "a grid needs the number of values" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


@pytest.fixture
def two_studies(write_study, tmp_path: Path, capsys) -> Path:
    store = tmp_path / "s.sqlite"
    for values in ([5, 50], [5, 50, 100]):
        study = write_study(axes={"host.handoff_us": {"list": values}})
        fill("sweep", study, store)
    capsys.readouterr()
    return store


def test_of_two_studies_the_one_that_ran_last_is_taken_and_both_are_listed(two_studies: Path, tmp_path, capsys) -> None:
    assert main(["sweep-export", str(two_studies), "--out", str(tmp_path / "a.csv")]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    taken, other, count = re.split(r"(?<=computed for it) ", printed)
    assert "holds 2 studies; taken: " in taken
    assert "study, 20" in taken  # name and date
    assert "host.handoff_us: 5, 50, 100; grid of 3 points, 1 computed for it" in taken
    assert "host.handoff_us: 5, 50; grid of 2 points, 2 computed for it" in other
    assert count.endswith("3 of 3 points")


def test_a_study_is_chosen_by_digest_its_beginning_or_name(two_studies: Path, tmp_path: Path, capsys) -> None:
    with Store(two_studies) as store:
        sizes = {
            digest: len(record["study"]["axes"]["host.handoff_us"]["list"]) for digest, record in store.sweeps().items()
        }
    for digest, size in sizes.items():
        assert len(StoredSweep(two_studies, digest).points) == len(StoredSweep(two_studies, digest[:8]).points) == size
    assert len(StoredSweep(two_studies, "study").points) == 3
    with pytest.raises(InputError, match=r"study = 'other': holds .*grid of 3 points.*; .*grid of 2 points"):
        StoredSweep(two_studies, "other")


def test_running_the_first_study_again_makes_it_the_newest(two_studies: Path, write_study) -> None:
    study = write_study(axes={"host.handoff_us": {"list": [5, 50]}})
    fill("sweep", study, two_studies)
    assert StoredSweep(two_studies).total == 2


def test_a_store_of_the_first_version_is_read_and_its_searches_points_found(write_study, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    store = tmp_path / "s.sqlite"
    study = write_study(axes=HANDOFF, sampler="random", points=2)
    fill("search", study, store, trials=5)
    connection = sqlite3.connect(store, isolation_level=None)
    connection.execute("DROP TABLE tried")
    for table in ("studies", "points", "accuracy"):
        connection.execute(f"ALTER TABLE {table} DROP COLUMN sum")
    connection.execute("UPDATE meta SET value = '1'")
    ((digest, text),) = connection.execute("SELECT digest, record FROM studies").fetchall()
    record = {name: value for name, value in json.loads(text).items() if name not in ("added", "swept", "name")}
    connection.execute("UPDATE studies SET record = ? WHERE digest = ?", (json.dumps(record), digest))
    connection.close()
    assert len(StoredSweep(store).good) == 5
    assert "date not known" in StoredSweep(store).listing[0].line
