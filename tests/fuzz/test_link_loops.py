"""A link that leads to itself, as any file of any command: refused in one line that names it."""

from pathlib import Path

import pytest

from tests.attack import attack, refused
from tests.fuzz.commands import PRINTING, WRITING

FOLDERS = ("checkpoint", "shards", "chips", "compared", "digits", "an4", "tree", "cepstral")


def is_path(word: str) -> bool:
    """Whether a word of a command names a file or a folder that it reads."""
    suffix = word.rpartition(".")[2]
    return word in FOLDERS or (suffix != word and suffix.isalpha() and not word.startswith("OUT/"))


CASES = [(line, word) for line in WRITING + PRINTING for word in dict.fromkeys(line.split()) if is_path(word)]
OUTPUTS = [(line, word) for line in WRITING for word in line.split() if word.startswith("OUT/")]


@pytest.fixture(autouse=True)
def loop(seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(seeds)
    (tmp_path / "loop").symlink_to("loop")
    return str(tmp_path / "loop")


def words(line: str, word: str, other: str, tmp_path: Path) -> list[str]:
    return [other if each == word else each.replace("OUT", str(tmp_path / "out")) for each in line.split()]


@pytest.mark.parametrize(("line", "word"), CASES)
def test_what_is_read(line: str, word: str, loop: str, tmp_path: Path) -> None:
    assert loop in refused(*words(line, word, loop, tmp_path))


@pytest.mark.parametrize(("line", "word"), OUTPUTS)
def test_what_is_written(line: str, word: str, loop: str, tmp_path: Path) -> None:
    assert loop in refused(*words(line, word, loop, tmp_path))
    assert loop in refused(*words(line, word, f"{loop}/deeper/{word[4:]}", tmp_path))


@pytest.mark.parametrize(("line", "word"), [each for each in OUTPUTS if "." in each[1] and "sqlite" not in each[1]])
def test_what_is_replaced(line: str, word: str, loop: str, tmp_path: Path) -> None:
    """The link is replaced, as any other that leads nowhere, or refused."""
    ending = attack(*words(line, word, loop, tmp_path), "--force")
    assert ending.code == 2 or Path(loop).is_file()
