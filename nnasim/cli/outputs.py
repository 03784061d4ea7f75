"""The files that a command writes: each another one, and none of those that it reads, whatever --force says."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from nnasim.cli.told import STDOUT
from nnasim.errors import ConfigError


def refuse_same(command: str, outputs: Mapping[str, Path | None], inputs: Iterable[str | Path | None] = ()) -> None:
    """Raise ConfigError if two of ``outputs``, by option, are one file, or if one is also one of ``inputs``.

    None and "-" are no files; what is asked for is the place that a path leads to, whether anything is there or not.
    """
    taken = {os.path.realpath(path): "is read by this command" for path in inputs if path is not None}
    for option, path in outputs.items():
        if path is None or path == STDOUT:
            continue
        if (why := taken.get(place := os.path.realpath(path))) is not None:
            raise ConfigError(command, option, path, f"{why}; give another name")
        taken[place] = f"is written by {option} already"
