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
from tests.proof.docs_commands import ROOT, inline_of, pages, reason_not_to_run, smaller
from tests.proof.docs_commands import commands_of as lines_of
from tests.proof.run_docs_commands import run_page
from tests.proof.run_newcomer import LOOKS, PAGE, sections

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if not {"made", "_build"} & set(page.parts))
START = DOCS / "how-to" / "start.md"
# Pages whose commands need neither torch nor minutes; the others: `python -m tests.proof.run_docs_commands`.
QUICK = [
    "explanation/chip-model.md",
    "explanation/dram-model.md",
    "guides/chip-architect.md",
    "how-to/fit.md",
    "how-to/streams.md",
    "results/pays.md",
]


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
    assert [words[0] for words in asked[first:]] == ["trace", "simulate", "explain", "report", "compare-chips"]
    for words in asked[first:]:
        assert main(words) == 0, words


@pytest.mark.parametrize("page", [page for page in PAGES if inline_of(page)], ids=lambda p: str(p.relative_to(DOCS)))
def test_every_command_in_a_sentence_is_there_with_its_options(page: Path) -> None:
    for words in inline_of(page):
        if words[0].startswith("-") or not words[0].islower():  # an option of nnasim's own, or a name of the package
            continue
        assert words[0] in COMMANDS, words
        used = {re.sub(r"[^a-z-].*", "", word) for word in words if re.match(r"--[a-z]", word)}
        known = options_of((words[0],)) | (options_of(command_of(words)) if words[1:] else frozenset())
        assert used <= known | {"--help"}, words


@pytest.mark.parametrize("name", QUICK)
def test_the_commands_of_a_quick_page_run_in_order(name: str, tmp_path: Path) -> None:
    outcomes = list(run_page(DOCS / name, tmp_path))
    assert outcomes
    assert [outcome for outcome in outcomes if outcome.code != 0] == []


def test_a_command_that_is_not_run_says_why() -> None:
    texts = [command.text for page in pages() for command in lines_of(page)]
    assert len(texts) > 100
    others = [text for text in texts if not text.startswith("nnasim ") and not reason_not_to_run(text)]
    assert {re.split("[ =]", text)[0] for text in others} == {
        "MODEL",
        "cp",
        "grep",
        "jupyter",
        "mkdir",
        "python",
        "torchrun",
    }


def test_a_smaller_command_asks_the_same_of_less() -> None:
    shown = shlex.split("train --recipe commands --train a.jsonl --steps 7000 --batch 32 --out o")
    asked = shlex.split("train --recipe tiny --train a.jsonl --steps 2 --batch 32 --out o --evaluate-every 2")
    assert smaller(shown) == asked
    assert smaller(["trace", "--frames", "4"]) == ["trace", "--frames", "4"]
    assert "--chip" in smaller(["study", "numerics"])
    assert "--base-steps" not in smaller(["study", "delays", "--base", "runs/float"])


def test_the_newcomers_page_has_an_installation_and_three_steps_whose_results_are_looked_at() -> None:
    found = sections((ROOT / PAGE).read_text(encoding="utf-8"))
    install, *steps = found
    assert install == "Install"
    assert [step[0] for step in steps] == list(LOOKS)
    assert all(line.startswith(("nnasim ", "python ", "jupyter ")) for step in steps for line in found[step])
