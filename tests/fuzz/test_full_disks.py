"""A disk that is full: one line that names the file, exit code 2, the old file as it was, and nothing half-written."""

import contextlib
import errno
import os
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnasim import files
from nnasim.errors import FileError
from tests.attack import refused
from tests.fuzz.commands import WRITING, written_for

# SQLite's own files, and the folder of a training, may stay; what a training needs to go on is whole or not there.
MAY_STAY = ("store.sqlite", "all.sqlite", "rescued.sqlite", "journal.log", "run", "shards", "models")


@contextlib.contextmanager
def no_room() -> Iterator[None]:
    """No file takes a byte, whoever writes it: Python, SQLite or another library."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("line", WRITING)
def test_a_command_says_which_file_found_no_room(
    line: str, seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(seeds)
    names = [word.removeprefix("OUT/") for word in line.split() if word.startswith("OUT/")]
    old = [tmp_path / name for name in names if "." in name and not name.endswith((".sqlite", ".log"))]
    for path in old:
        path.write_text("old")
    words = line.replace("OUT", str(tmp_path)).split() + (["--force"] if old else [])
    with no_room():
        complaint = refused(*words)
    assert any(name in complaint for name in (*written_for(names), tempfile.gettempdir())), complaint
    assert "used up" not in complaint
    assert all(path.read_text() == "old" for path in old)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")} - {path.name for path in old}
    assert not [name for name in left if not name.startswith(MAY_STAY)]
    assert not [name for name in left if "partial" in name]


@pytest.mark.parametrize("writes", [files.new_file, files.new_folder])
def test_a_full_disk_is_told_in_plain_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(FileError, match=r"out: cannot be written \(the disk is full\)$"), writes(tmp_path / "out"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_a_new_folder_is_named_where_it_would_have_stood(tmp_path: Path) -> None:
    with (
        pytest.raises(FileError, match=f"^{tmp_path}/out/deeper/a.csv: cannot be written"),
        files.new_folder(tmp_path / "out") as inside,
        no_room(),
    ):
        files.write_bytes(inside / "deeper" / "a.csv", b"1,2")
