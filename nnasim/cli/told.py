"""The output of a command: lines to read, or its figures as JSON for another program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nnasim.errors import ConfigError

STDOUT = Path("-")


def refuse_json(command: str, json: Path | None, quiet: bool, force: bool) -> None:
    """Refuse, before the work, a file that exists already, and --quiet together with figures that are to be printed."""
    from nnasim import files

    if json == STDOUT and quiet:
        raise ConfigError(command, "--quiet", quiet, "is not used with --json -, which prints only the figures")
    if json is not None and json != STDOUT:
        files.refuse_existing(json, force)


def tell_found(show: Callable[[], None], figures: Any, *, json: Path | None, quiet: bool, force: bool) -> None:
    """``show`` what is to be read, unless ``quiet``; write ``figures`` to ``json`` too, or print them alone for -."""
    from nnasim import files

    if json == STDOUT:
        print(files.json_text(figures), end="")
        return
    if json is not None:
        files.write_json(json, figures, force=force)
    if not quiet:
        show()
