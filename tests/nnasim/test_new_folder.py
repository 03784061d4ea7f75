"""A folder is replaced only where all that it holds is ours."""

from pathlib import Path

import pytest

from nnasim import files
from nnasim.errors import FileError


def write(path: Path, *, own: tuple[str, ...] = ()) -> None:
    with files.new_folder(path, force=True, own=own) as inside:
        (inside / "summary.json").write_text("{}")


def test_what_the_new_folder_holds_too_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "out")
    (tmp_path / "out" / "summary.json").write_text("old")
    write(tmp_path / "out")
    assert (tmp_path / "out" / "summary.json").read_text() == "{}"


def test_an_empty_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write(tmp_path / "out")
    assert (tmp_path / "out" / "summary.json").exists()


def test_anything_else_in_it_keeps_the_whole_folder(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("three years")
    (tmp_path / "home" / "summary.json").write_text("old")
    with pytest.raises(FileError, match=r"home: holds 'thesis\.tex', which is not ours to delete"):
        write(tmp_path / "home")
    assert (tmp_path / "home" / "thesis.tex").read_text() == "three years"
    assert (tmp_path / "home" / "summary.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_names_that_earlier_runs_gave_are_ours(tmp_path: Path) -> None:
    write(tmp_path / "out")
    (tmp_path / "out" / "digits.csv").write_text("")
    write(tmp_path / "out", own=("*.csv",))
    assert not (tmp_path / "out" / "digits.csv").exists()


def test_no_folder_takes_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("kept")
    with pytest.raises(FileError, match="is not a folder"):
        write(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "kept"
