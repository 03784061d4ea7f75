"""Warnings of commands: one line on stderr for a value that is legal and probably not meant. Each line is
printed once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnasim.hardware import NnaConfig


def load_chip(preset: str, overrides: list[str] | None) -> NnaConfig:
    """The chip of `--preset` and `--set`. Warns of each of its values that is plausible only in another unit."""
    from nnasim.hardware import load_preset
    from nnasim.hardware.plausible import implausible

    chip = load_preset(preset, overrides or [], named="--set")
    warn(implausible(chip))
    return chip


def warn(lines: Iterable[str]) -> None:
    """Print each of ``lines`` once."""
    for line in dict.fromkeys(lines):
        print(f"nnasim: warning: {' '.join(line.split())}", file=sys.stderr)
