"""A folder into which nothing can be written: told in one line, before any work, and nothing is left behind."""

import cProfile
from collections.abc import Iterator
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType

import pytest

from tests.attack import refused
from tests.fuzz.commands import WRITING
from tests.fuzz.mounts import read_only

# Where the work is done. Whether a chip can run a trace at all (nnasim/compiler) is asked before it.
WORK = ("nnasim/sim/", "nnasim/functional/", "nnasim/analysis/", "aat_training/decode/", "aat_training/trainer",
        "workloads/stepgraph/", "nnasim/reference/")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with read_only(tmp_path_factory.mktemp("read_only")) as folder:
        yield folder


@pytest.mark.parametrize("line", WRITING)
def test_a_command_asks_before_the_work(line: str, folder: Path, seeds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(seeds)
    before = _files(seeds)
    with cProfile.Profile(subcalls=False) as profile:
        complaint = refused(*line.replace("OUT", str(folder)).split())
    assert str(folder) in complaint
    assert not worked(profile)
    assert not list(folder.iterdir())
    assert _files(seeds) == before


def worked(profile: cProfile.Profile) -> list[CodeType]:
    """The functions that did work while ``profile`` looked on."""
    codes = [entry.code for entry in profile.getstats() if isinstance(entry.code, CodeType)]
    functions = [code for code in codes if code.co_flags & CO_OPTIMIZED]  # bodies of modules and classes are imports
    return [code for code in functions if any(place in code.co_filename for place in WORK)]


def _files(folder: Path) -> set[Path]:
    """All but SQLite's own files beside a store, which the next that opens it may tidy up."""
    return {path for path in folder.rglob("*") if not path.name.endswith(("-wal", "-shm"))}
