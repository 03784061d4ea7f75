"""A real disk that fills while a command writes: one line, exit code 2, the old file whole, nothing half-written."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attack import attack
from tests.fuzz.commands import WRITING, written_for
from tests.fuzz.mounts import mounted
from tests.fuzz.starved import MAY_STAY

ALONE = ("sqlite", "OUT/run")  # stores, and folders that grow as the work goes on
SLOW = ("compare", "report")  # they write as `validate` does
SEVERAL = [line for line in WRITING if line.startswith("data") or line.count("OUT/") > 1 or line.startswith("import")]
MANY, FEW = (0, 1, 2, 3, 4, 6, 9, 14, 30, 60), (2, 200, 1000)  # pages of the disk
BOUND = tuple(line for line in SEVERAL if not (line.startswith(SLOW) or any(name in line for name in ALONE)))
SIZES = ("4k", "40k")  # nothing but a name and a first page, and a part of most of what is written


@pytest.fixture(scope="module", params=SIZES)
def disk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with mounted(tmp_path_factory.mktemp("disk"), request.param) as folder:
        yield folder


@pytest.mark.parametrize("line", WRITING)
def test_a_command_says_which_file_found_no_room_or_writes_it_whole(
    line: str, disk: Path, seeds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(seeds)
    for path in sorted(disk.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    names = [word.removeprefix("OUT/") for word in line.split() if word.startswith("OUT/")]
    ending = attack(*line.replace("OUT", str(disk)).split())
    left = sorted(str(path.relative_to(disk)) for path in disk.rglob("*"))
    assert not [name for name in left if "partial" in name or (name.endswith(".safetensors") and ending.code)]
    if ending.code == 2:
        assert any(name in ending.complaint for name in written_for(names)), ending.complaint
        assert "full" in ending.complaint
        assert not [name for name in left if not name.startswith((*MAY_STAY, *names))]
        assert all(_is_whole(disk / name) for name in names)
    else:
        assert all((disk / name).exists() for name in names)


@pytest.mark.parametrize("line", BOUND)
def test_files_that_belong_together_are_all_replaced_or_none(
    line: str, seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest and its audio, a trace and its integers, a result and its timeline, a page and its figures."""
    monkeypatch.chdir(seeds)
    with mounted(tmp_path / "disk", "8m") as disk:
        words = line.replace("OUT", str(disk)).split()
        assert attack(*words).code == 0
        before, endings = _files(disk), list[int]()
        for pages in FEW if line.startswith("validate") else MANY:
            fill(disk, pages)
            endings.append(attack(*words, "--force").code)
            if endings[-1] == 0:
                break
            assert _files(disk) == before
        assert (endings[0], endings[-1]) == (2, 0)
        assert {name for name, _ in _files(disk)} == {name for name, _ in before}


def _files(disk: Path) -> set[tuple[str, int]]:
    """Names of all files but the one that fills the disk, with a number that a new file has of its own."""
    own = ("filler", "board.yaml.evaluated.jsonl")  # the second is what a stopped fit goes on from
    return {(str(path), path.stat().st_ino) for path in disk.rglob("*") if path.is_file() and path.name not in own}


def fill(disk: Path, pages: int) -> None:
    """Leave room for so many pages."""
    (disk / "filler").unlink(missing_ok=True)
    free = os.statvfs(disk)
    (disk / "filler").write_bytes(bytes((free.f_bavail - pages) * free.f_bsize))


def _is_whole(path: Path) -> bool:
    """Whether a file is not there, or is no JSON that is cut."""
    if path.suffix == ".json" and path.exists():
        json.loads(path.read_text())
    return True
