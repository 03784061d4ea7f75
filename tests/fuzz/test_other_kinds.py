"""A folder where a file is meant, a file where a folder is, and paths without a name of their own, such as the dot."""

import cProfile
from pathlib import Path

import pytest

from nnasim import files
from tests.attack import attack, refused
from tests.fuzz.test_link_loops import CASES, FOLDERS, OUTPUTS, words
from tests.fuzz.test_read_only import worked

NAMED = [each for each in CASES if each[1] not in FOLDERS]


@pytest.fixture(autouse=True)
def at_seeds(seeds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(seeds)


@pytest.mark.parametrize(("line", "word"), NAMED)
def test_what_is_read_has_no_name_of_its_own(line: str, word: str, tmp_path: Path) -> None:
    for other in (".", "..", "/"):
        attack(*words(line, word, other, tmp_path))


@pytest.mark.parametrize(("line", "word"), OUTPUTS)
def test_what_is_written_has_no_name_of_its_own(line: str, word: str, tmp_path: Path) -> None:
    for other in (".", "/"):
        refused(*words(line, word, other, tmp_path))


@pytest.mark.parametrize(("line", "word"), OUTPUTS)
def test_what_is_replaced_is_of_another_kind(line: str, word: str, tmp_path: Path) -> None:
    """With `--force`, too, no file takes the place of a folder, nor a folder that of a file: told before the work."""
    other = tmp_path / "other"
    if "." in word:
        with files.new_folder(other) as inside:
            (inside / "ours").touch()
    else:
        other.touch()
    force = [] if line.startswith("merge") or " --store " in line else ["--force"]
    with cProfile.Profile(subcalls=False) as profile:
        complaint = refused(*words(line, word, str(other), tmp_path), *force)
    assert str(other) in complaint
    assert not worked(profile)
    assert not [path for path in tmp_path.rglob("*") if "partial" in path.name]
