"""Warnings of the verbs: what is legal and probably not meant, told at the user's own line."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

_HERE = str(Path(__file__).parent)


def doubt(lines: Iterable[str]) -> None:
    """Warn of each of ``lines``, as a ``UserWarning`` of the line outside of the front door that called."""
    level = 1
    while (frame := _frame(level)) is not None and frame.startswith(_HERE):
        level += 1
    for line in dict.fromkeys(lines):
        warnings.warn(line, UserWarning, stacklevel=level + 1)


def _frame(level: int) -> str | None:
    """The file of the caller ``level`` above ``doubt``; None beyond the outermost."""
    try:
        return sys._getframe(level + 1).f_code.co_filename
    except ValueError:
        return None
