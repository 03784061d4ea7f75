"""Studies and `nnasim bench` on disks that fill or are read-only: one line, exit code 2, nothing half-written."""

from pathlib import Path

import pytest

from tests.attack import attack
from tests.fuzz.commands import STUDYING
from tests.fuzz.mounts import mounted, read_only
from tests.fuzz.studies import make_models, make_work_small
from tests.fuzz.test_small_disks import fill


@pytest.fixture(scope="module")
def studied(seeds: Path) -> Path:
    """The folder of seeds, with models for studies."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(seeds)
        make_models()
    return seeds


@pytest.fixture(autouse=True)
def small(studied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(studied)
    make_work_small(monkeypatch)


def in_folder(line: str, folder: Path) -> list[str]:
    return line.replace("OUT", str(folder)).split()


def found(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("line", STUDYING)
def test_a_disk_that_fills_is_told_and_leaves_nothing_half_written(line: str, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "64k") as disk:
        fill(disk, pages=0 if line.startswith("bench") else 3)
        before = found(disk)
        ending = attack(*in_folder(line, disk))
        new = found(disk) - before
    assert ending.code == 2
    assert "the disk is full" in ending.complaint
    assert not [name for name in new if "partial" in name or not name.startswith("models")]


@pytest.mark.parametrize("line", STUDYING)
def test_a_read_only_disk_is_told_before_the_work(line: str, tmp_path: Path) -> None:
    with read_only(tmp_path / "disk") as disk:
        ending = attack(*in_folder(line, disk))
    assert ending.code == 2
    assert str(disk) in ending.complaint
