"""The arguments of the command that is running: results record them. Light, since every command loads it."""

from __future__ import annotations

import shlex
from contextvars import ContextVar

# How to run, what to print, and what else to write.
_WITH_VALUE, _ALONE = ("--jobs", "--json", "--figures", "--format", "--workers"), ("--force", "--quiet")

ARGUMENTS: ContextVar[tuple[str, ...]] = ContextVar("arguments", default=())


def command_line(output: str) -> str:
    """The running command, to repeat it, without what decides nothing: the same inputs give the same bytes.

    ``output`` stands in for the value of `--out`; how to run and what to print are left out for the same reason.
    """
    command, words = ["nnasim"], iter(ARGUMENTS.get())
    for word in words:
        option, equals, _ = word.partition("=")
        if option in ("--out", *_WITH_VALUE) and not equals:
            next(words, None)
        if option == "--out":
            command += ["--out", output]
        elif option not in (*_ALONE, *_WITH_VALUE):
            command.append(word)
    return shlex.join(command)
