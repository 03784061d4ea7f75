"""A real disk that fills while a command writes: one line, exit code 2, the old file whole, nothing half-written."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attack import attack
from tests.fuzz.commands import WRITING
from tests.fuzz.mounts import mounted
from tests.fuzz.starved import MAY_STAY

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
        assert any(name in ending.complaint for name in names), ending.complaint
        assert "full" in ending.complaint
        assert not [name for name in left if not name.startswith((*MAY_STAY, *names))]
        assert all(_is_whole(disk / name) for name in names)
    else:
        assert all((disk / name).exists() for name in names)


def _is_whole(path: Path) -> bool:
    """Whether a file is not there, or is no JSON that is cut."""
    if path.suffix == ".json" and path.exists():
        json.loads(path.read_text())
    return True
