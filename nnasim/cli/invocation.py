"""The arguments of the running command, which results record. Light, since every command loads it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextvars import ContextVar

from nnasim.redacted import address_shown, without_password

# How to run, what to print, what else to write, and whether all of it was done at once.
_WITH_VALUE = ("--jobs", "--json", "--figures", "--format", "--markdown", "--workers")
_ALONE = ("--force", "--quiet", "--resume")

_ADDRESS_OPTIONS = ("--storage", "--scheduler")

ARGUMENTS: ContextVar[tuple[str, ...]] = ContextVar("arguments", default=())


def command_line(output: str) -> str:
    """The running command, as text to repeat it, without options that decide nothing: the same inputs give the same
    bytes.

    ``output`` replaces the value of `--out`; options about how to run and what to print are left out for the same
    reason.
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


def arguments_shown(arguments: Sequence[str]) -> Iterator[str]:
    """Words of a command as they are shown and recorded: without passwords."""
    of_option = False
    for word in arguments:
        option, equals, value = word.partition("=")
        if of_option:
            yield address_shown(word)
        elif equals and option in _ADDRESS_OPTIONS:
            yield f"{option}={address_shown(value)}"
        else:
            yield without_password(word)
        of_option = word in _ADDRESS_OPTIONS
