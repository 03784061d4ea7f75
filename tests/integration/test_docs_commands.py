"""The site promises no command and no option that is not there, and what needs no data of a reader's runs."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from docs.making.commands import help_of
from nnasim.cli.main import main
from nnasim.cli.table import COMMANDS

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if not {"made", "_build"} & set(page.parts))
START = DOCS / "how-to" / "start.md"


def commands_of(page: Path) -> list[list[str]]:
    """The words of each nnasim command in a page's blocks, joined where a line goes on."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("nnasim ")]


@cache
def options_of(words: tuple[str, ...]) -> frozenset[str]:
    """Every option of a command, from its own help."""
    return frozenset(re.findall(r"--[a-z][a-z-]*", help_of(*words)))


def command_of(words: list[str]) -> tuple[str, ...]:
    """The words that choose the command: one, or two where it stands in a group."""
    grouped = words[0] in ("data", "study", "store")
    return tuple(words[: 2 if grouped else 1])


@pytest.mark.parametrize("page", [page for page in PAGES if commands_of(page)], ids=lambda p: str(p.relative_to(DOCS)))
def test_every_command_of_a_page_is_there_with_its_options(page: Path) -> None:
    for words in commands_of(page):
        if words[0].startswith("-"):
            assert words == ["--help"] or words == ["--version"], words
            continue
        assert words[0] in COMMANDS, words
        used = {word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)}
        assert used <= options_of(command_of(words)) | {"--help"}, shlex.join(words)


def test_the_commands_that_ask_about_time_alone_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked = commands_of(START)
    first = next(place for place, words in enumerate(asked) if words[:2] == ["trace", "--shape"])
    assert [words[0] for words in asked[first:]] == ["trace", "simulate", "explain", "report"]
    for words in asked[first:]:
        assert main(words) == 0, words
