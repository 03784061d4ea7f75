"""Rows without a checksum, which version 0.1 wrote: values that belong to another key, or a study to another digest."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nnasim.errors import FileError, InputError
from nnasim.studies.sweep import prepared, swept
from nnasim.sweeps.frames import StoredSweep, read_points
from nnasim.sweeps.local import InlineBackend
from nnasim.sweeps.rescue import examined, rescued
from nnasim.sweeps.store import Store
from nnasim.sweeps.stored_rows import recorded_digest, understood
from tests.attack import attack
from tests.nnasim.sweeps.test_hostile_stores import change

OLD = Path(__file__).parents[2] / "version_0_1" / "sweep.sqlite"
OTHER = "row f6a8605fc7037296d37d1f89867ab412, point = .*: must be the values that its key was made of"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copy(OLD, tmp_path / "old.sqlite"))


def test_a_store_of_version_0_1_is_whole_and_stays_so_in_this_versions_tables(old: Path) -> None:
    assert examined(old).whole
    with Store(old):
        pass  # brings it up to date
    findings = examined(old)
    assert findings.whole
    assert findings.rows == {"studies": 1, "points": 2}


@pytest.mark.parametrize(
    "point",
    ['{"host.handoff_us": 10.0}', '{"host.handoff_us": 50.5}', "{}", '{"host.handoff_us": 50.0, "clock_hz": 1.0}'],
)
def test_values_of_another_key_are_named_and_the_other_rows_are_rescued(old: Path, tmp_path: Path, point: str) -> None:
    change(old, "UPDATE points SET point = ? WHERE key LIKE 'f6%'", point)
    for read in (read_points, StoredSweep):
        with pytest.raises(InputError, match=OTHER):
            read(old)
    assert attack("merge", old, "--into", tmp_path / "all.sqlite").code == 2
    assert attack("sweep-export", old, "--out", tmp_path / "e.csv").code == 2
    assert attack("store", "check", old, "--into", tmp_path / "new.sqlite").code == 1
    assert list(read_points(tmp_path / "new.sqlite")["host.handoff_us"]) == [10.0]


def test_two_rows_that_changed_places_are_both_damaged(old: Path) -> None:
    for key, value in (("e8%", 50.0), ("f6%", 10.0)):
        change(old, "UPDATE points SET point = ? WHERE key LIKE ?", json.dumps({"host.handoff_us": value}), key)
    assert examined(old).damaged == 2


@pytest.mark.parametrize("section", ["host", "sram", "dram", "mac_array", "numerics", "clock_hz"])
@pytest.mark.parametrize("value", [5, [], "x", None, {"kind": []}])
def test_a_study_that_is_not_its_digests_is_named_and_costs_no_row(old: Path, section: str, value: object) -> None:
    with Store(old, write=False) as opened:
        (record,) = opened.sweeps().values()
    record["base"][section] = value
    change(old, "UPDATE studies SET record = ?", json.dumps(record))
    findings = examined(old)
    assert findings.damaged == 1
    assert "row f368d4e665aedb1d: must be the digest of its study" in findings.complaints[0]
    assert findings.rows["points"] == 2
    with pytest.raises((InputError, FileError)):
        StoredSweep(old)


@pytest.mark.parametrize("section", ["host", "sram", "dram", "mac_array", "numerics", "clock_hz"])
@pytest.mark.parametrize("value", [5, [], "x", None, {"kind": []}])
def test_a_study_of_any_chip_under_its_own_digest_is_one_line(
    old: Path, tmp_path: Path, section: str, value: object
) -> None:
    with Store(old, write=False) as opened:
        (record,) = opened.sweeps().values()
    record["base"][section] = value
    digest = recorded_digest(understood(record, "study"))
    change(old, "UPDATE studies SET record = ?, digest = ?", json.dumps(record), digest)
    change(old, "UPDATE points SET study = ?", digest)
    assert attack("store", "check", old).code in (0, 1)
    attack("sweep-export", old, "--out", tmp_path / "e.csv")


def test_a_sweep_does_not_go_on_over_a_row_of_other_values(write_study: Callable[..., Path], tmp_path: Path) -> None:
    study, path = write_study(), tmp_path / "filled.sqlite"
    swept(prepared(study), path, InlineBackend())
    change(path, "UPDATE points SET sum = NULL")
    assert swept(prepared(study), path, InlineBackend()).stored == 6
    assert examined(path).whole
    change(path, "UPDATE points SET point = (SELECT point FROM points WHERE rowid = 2) WHERE rowid = 1")
    with pytest.raises(InputError, match="must be the values that its key was made of"):
        swept(prepared(study), path, InlineBackend())
    assert rescued(path, tmp_path / "new.sqlite").damaged == 1
    tally = swept(prepared(study), tmp_path / "new.sqlite", InlineBackend())
    assert (tally.stored, tally.ok) == (5, 1)
