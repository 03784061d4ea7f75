"""Options that a run would not use: refused."""

from __future__ import annotations

from pathlib import Path

from nnasim.cli.told import STDOUT
from nnasim.errors import ConfigError


def refuse_unused(command: str, why: str, **given: object) -> None:
    """Raise ConfigError for the first of the options ``given`` that has a value; ``why``: when it is not used.

    Names are those of the options with underscores for dashes; None, False and empty lists mean: not given.
    """
    for name, value in given.items():
        if value is not None and value is not False and value != []:
            raise ConfigError(command, f"--{name.replace('_', '-')}", value, f"is not used {why}")


def refuse_idle_force(command: str, force: bool, **outputs: Path | None) -> None:
    """Refuse --force where none of the ``outputs`` that may be left out is a file, so that there is nothing to replace.

    Names are those of the options; a path of None is not given, and - is standard output.
    """
    if all(path is None or path == STDOUT for path in outputs.values()):
        *others, last = (f"--{name}" if name != "json" else "--json FILE" for name in outputs)
        names = f"{', '.join(others)} or {last}" if others else last
        refuse_unused(command, f"without {names}", force=force)


def refuse_unprinted(command: str, json: Path | None, quiet: bool, **given: object) -> None:
    """Refuse options ``given`` that only choose what is printed to be read, where that is not printed."""
    if quiet:
        refuse_unused(command, "with --quiet, which prints none of it", **given)
    if json == STDOUT:
        refuse_unused(command, "with --json -, which prints the figures alone", **given)


def refuse_explained(command: str, explain_numerics: bool, json: Path | None) -> None:
    """Refuse an explanation where figures alone are to be printed."""
    if explain_numerics and json == STDOUT:
        raise ConfigError(
            command, "--explain-numerics", True, "is not used with --json -, which prints the figures alone"
        )


def refuse_together(command: str, **given: object) -> None:
    """Raise ConfigError if more than one of the options ``given`` has a value."""
    options = {f"--{name.replace('_', '-')}": value for name, value in given.items() if value is not None}
    if len(options) > 1:
        first, second, *_ = options
        raise ConfigError(command, second, options[second], f"cannot be combined with {first}")
