"""Warnings about values that are legal but probably not meant. They point to the user's own line."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

_HERE = str(Path(__file__).parent)


def doubt(lines: Iterable[str]) -> None:
    """Warn of each of ``lines`` with a ``UserWarning`` that points to the first caller outside of ``nnasim.front``."""
    level = 1
    while (frame := _frame(level)) is not None and frame.startswith(_HERE):
        level += 1
    for line in dict.fromkeys(lines):
        warnings.warn(line, UserWarning, stacklevel=level + 1)


def _frame(level: int) -> str | None:
    """The file of the caller ``level`` frames above ``doubt``; None beyond the outermost one."""
    try:
        return sys._getframe(level + 1).f_code.co_filename
    except ValueError:
        return None
