"""Files that are written together get their names together, or none does."""

from pathlib import Path

import pytest

from nnasim import files
from nnasim.errors import FileError
from nnasim.together import afterwards, together


def names(folder: Path) -> dict[str, str]:
    """What is in ``folder``, by name; the mark of a folder of ours is left out."""
    there = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != files.MARK)
    return {str(path.relative_to(folder)): path.read_text() for path in there}


def write(folder: Path, text: str) -> None:
    """Two files and a folder between them, over what is there."""
    files.write_bytes(folder / "a", text.encode(), force=True)
    with files.new_folder(folder / "b", force=True) as inside:
        files.write_bytes(inside / "c", text.encode())
        assert (inside / "c").read_text() == text
    files.write_bytes(folder / "d", text.encode(), force=True)


def write_twice(folder: Path, text: str) -> None:
    write(folder, text)
    files.write_bytes(folder / ".." / folder.name / "d", b"other", force=True)


def say_and_fail(folder: Path, said: list[str]) -> None:
    afterwards(lambda: said.append("never"))
    files.write_bytes(folder, b"")


def write_and_fail(folder: Path, text: str) -> None:
    write(folder, text)
    files.write_bytes(folder, b"")


def write_while_another_does(folder: Path) -> None:
    """Write, and have another process take one of the names before they are given."""
    write(folder, "new")
    files.write_bytes(folder / "e", b"new", force=True)
    (folder / "e").mkdir()
    (folder / "e" / "theirs").write_text("")


def all_of(text: str) -> dict[str, str]:
    return {"a": text, "b/c": text, "d": text}


def test_nothing_has_its_name_before_the_end(tmp_path: Path) -> None:
    with together():
        write(tmp_path, "new")
        assert not {"a", "b", "d"} & {path.name for path in tmp_path.iterdir()}
    assert names(tmp_path) == all_of("new")


def test_all_replace_what_was_there(tmp_path: Path) -> None:
    write(tmp_path, "old")
    with together():
        write(tmp_path, "new")
        assert {name: text for name, text in names(tmp_path).items() if "partial" not in name} == all_of("old")
    assert names(tmp_path) == all_of("new")


def test_an_error_on_the_way_leaves_all_as_they_were(tmp_path: Path) -> None:
    write(tmp_path, "old")
    with pytest.raises(FileError, match="is a folder; give the name of a file"), together():
        write_and_fail(tmp_path, "new")
    assert names(tmp_path) == all_of("old")


@pytest.mark.parametrize("there", [True, False])
def test_a_name_that_cannot_be_given_takes_the_others_back(there: bool, tmp_path: Path) -> None:
    if there:
        write(tmp_path, "old")
    before = names(tmp_path)
    with pytest.raises(FileError, match="e: is "), together():
        write_while_another_does(tmp_path)
    assert names(tmp_path) == {**before, "e/theirs": ""}
    assert not [path for path in tmp_path.rglob("*") if "partial" in path.name]


def test_a_name_is_not_given_twice(tmp_path: Path) -> None:
    with together(), pytest.raises(FileError, match="d: would be written twice; give two names"):
        write_twice(tmp_path, "new")
    assert names(tmp_path) == all_of("new")


def test_what_lies_in_a_folder_that_waits_is_written_into_it(tmp_path: Path) -> None:
    with together():
        write(tmp_path, "new")
        files.write_bytes(tmp_path / "b" / "f", b"new")
    assert names(tmp_path) == {**all_of("new"), "b/f": "new"}


def test_what_is_said_is_said_at_the_end_and_not_after_an_error(tmp_path: Path) -> None:
    said: list[str] = []
    afterwards(lambda: said.append("now"))
    with together(), together():
        afterwards(lambda: said.append(names(tmp_path)["a"]))
        write(tmp_path, "new")
        assert said == ["now"]
    with pytest.raises(FileError), together():
        say_and_fail(tmp_path, said)
    assert said == ["now", "new"]
