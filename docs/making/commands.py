"""A page for each command: what it prints when it is asked for help."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any
from unittest import mock

from docs.making.tables import contents, table
from nnasim.cli.main import main
from nnasim.cli.table import COMMANDS

COLUMNS = "100"
ABOUT = "What does each command do? Its page has every option, as `--help` prints them. `python -m nnasim` is the same."


def command_pages() -> dict[str, str]:
    """The overview and a page for each command, by name."""
    rows = [(f"[`nnasim {name}`](commands/{name}.md)", about.help) for name, about in COMMANDS.items()]
    ends = (
        "Exit codes: 0 done, 1 a gate that did not hold, 2 a mistake in the input, told in one line, 130 interrupted."
    )
    overview = [
        "# Commands",
        ABOUT,
        table(("command", "does"), rows),
        ends,
        contents(f"commands/{name}" for name in COMMANDS),
    ]
    return {"commands": "\n\n".join(overview) + "\n", **{f"commands/{name}": _page(name) for name in COMMANDS}}


def _page(name: str) -> str:
    parts = [f"# nnasim {name}", _block(help_of(name))]
    for words in below(import_module(COMMANDS[name].module)):
        parts += [f"## nnasim {name} {' '.join(words)}", _block(help_of(name, *words))]
    return "\n\n".join(parts) + "\n"


def _block(text: str) -> str:
    return f"```text\n{text}\n```"


def help_of(*words: str) -> str:
    """What a command says of itself, as it stands on a terminal."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), mock.patch.dict(os.environ, COLUMNS=COLUMNS, TERMINAL_WIDTH=COLUMNS):
        main([*words, "--help"])
    return printed.getvalue().strip()


def below(module: Any) -> Iterator[tuple[str, ...]]:
    """The words that choose each command of a group of commands; nothing for a command alone."""
    if hasattr(module, "app"):
        yield from _of(module.app)


def _of(group: Any) -> Iterator[tuple[str, ...]]:
    for command in group.registered_commands:
        yield (command.name or command.callback.__name__,)
    for part in group.registered_groups:
        yield from ((str(part.name), *words) for words in _of(part.typer_instance))
