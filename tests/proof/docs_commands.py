"""The commands that pages show: found in their blocks, and made small enough to run in seconds."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RUN = ("nnasim", "python", "grep", "torchrun", "mkdir", "cp", "jupyter")

# What is shown and not run, and why.
NOT_RUN = {
    "make": "makes an environment of its own; CI runs it",
    "pip install": "installs from the network",
    "python3 -m venv": "makes an environment",
    "source": "enters an environment",
    "jupyter notebook": "opens a browser and waits",
    "python -m benchmarks": "a measurement of its own, of minutes",
    "python -m tests.golden": "writes the golden files anew",
    "python -m reports.gallery": "the gallery's page has each of its commands",
}

# Option -> the most that it may be when small.
MOST = {
    "--steps": 2, "--evaluate-every": 2, "--utterances": 12, "--seeds": 1, "--frames": 8, "--symbols": 2, "--limit": 2,
    "--seconds": 1, "--jobs": 1,
}  # fmt: skip
RECIPES = {"commands": "tiny", "digits": "tiny", "an4": "an4"}
ADDED: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("train",): ("--steps", "2", "--evaluate-every", "2"),
    ("study", "numerics"): ("--steps", "2", "--base-steps", "2", "--chip", "lut8", "--no-rules"),
    ("study", "delays"): ("--steps", "2", "--base-steps", "2", "--penalty", "0.01"),
    ("study", "aat"): ("--limit", "2"),
    ("compare",): ("--limit", "2"),
}


class Command(NamedTuple):
    """A line of a page."""

    page: Path
    text: str

    @property
    def name(self) -> str:
        """The page, from the root."""
        return str(self.page.relative_to(ROOT))

    @property
    def assigned(self) -> str | None:
        """The variable that the line sets, if it sets one."""
        match = re.match(r"([A-Z]+)=", self.text)
        return match[1] if match else None


def pages() -> list[Path]:
    """Every page with commands, the lessons' aside, which are run as scripts."""
    written = [page for page in DOCS.rglob("*.md") if not {"made", "_build"} & set(page.parts)]
    others = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    return sorted(page for page in (*written, *others) if commands_of(page))


def commands_of(page: Path) -> list[Command]:
    """The commands in a page's blocks, in order."""
    return [Command(page, line) for line in commands_in(page.read_text(encoding="utf-8"))]


def commands_in(text: str) -> list[str]:
    """The commands in the blocks of a page's text, in order, joined where a line goes on."""
    fenced = re.findall(r"^```([^\n]*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    blocks = [text for language, text in fenced if language in ("", "sh", "bash")]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    first = re.compile(rf"(?:{'|'.join((*RUN, 'make', 'pip', 'python3', 'source'))}) |[A-Z]+=")
    return [re.sub(r"\s+#.*", "", line) for line in lines if first.match(line)]


def inline_of(page: Path) -> list[list[str]]:
    """The words of nnasim's commands that stand in a sentence."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    spans = re.findall(r"`(nnasim [^`]+)`", text)
    return [shlex.split(" ".join(span.split()))[1:] for span in spans]


def reason_not_to_run(text: str) -> str | None:
    """Why a command is shown and not run; None where it is."""
    return next((why for start, why in NOT_RUN.items() if text.startswith(start)), None)


def smaller(words: list[str]) -> list[str]:
    """The same command of nnasim on less: fewer steps, utterances, frames and models."""
    changed = [_less(option, word) for option, word in zip(["", *words], words, strict=False)]
    for command, options in ADDED.items():
        if tuple(changed[: len(command)]) == command:
            changed += _missing(changed, options)
    return changed


def _less(option: str, word: str) -> str:
    if option in MOST and word.isdigit():
        return str(min(int(word), MOST[option]))
    if option == "--recipe":
        return RECIPES.get(word, word)
    return "cpu" if option == "--device" else word


def _missing(words: list[str], options: tuple[str, ...]) -> list[str]:
    """Those of ``options``, with their values, that ``words`` do not give."""
    added: list[str] = []
    for place, option in enumerate(options):
        given = option in words or (option == "--base-steps" and "--base" in words)
        if option.startswith("--") and not given:
            value = options[place + 1 : place + 2]
            added += [option, *(each for each in value if not each.startswith("--"))]
    return added
