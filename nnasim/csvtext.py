"""Cells of comma-separated values, by RFC 4180: a cell is data, whatever it holds, and reads back unchanged.

Spreadsheets take some texts for formulas all the same; within ``spreadsheet_cells`` such a text gets an apostrophe.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Characters with which a spreadsheet's formula begins; the last four are the wide forms of the first four."""
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_SAFE: ContextVar[bool] = ContextVar("spreadsheet_cells", default=False)


@contextmanager
def spreadsheet_cells(safe: bool = True) -> Iterator[None]:
    """Within, cells that a spreadsheet would take for a formula are written with an apostrophe before them."""
    token = _SAFE.set(safe)
    try:
        yield
    finally:
        _SAFE.reset(token)


def plain_cell(value: object) -> object:
    """``value`` as a cell: within ``spreadsheet_cells`` a text that is no number never begins a formula."""
    if not (_SAFE.get() and isinstance(value, str) and value.startswith(FORMULA_STARTS)):
        return value
    return value if _NUMBER.fullmatch(value) else f"'{value}"


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """``header`` and ``rows`` as text with "\\n" line ends; None becomes an empty cell."""
    lines = [",".join(_cell(value) for value in row) for row in (header, *rows)]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    text = "" if value is None else str(plain_cell(value))
    if any(character in text for character in ',"\r\n') or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text
