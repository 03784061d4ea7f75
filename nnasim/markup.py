"""Small tables for terminals and notebooks, in which no name can hide or reorder text or become markup."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from shutil import get_terminal_size

# Control, format (all bidirectional controls are here), surrogate, private use, unassigned, separators of lines.
_SHOWN_AS_CODE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
MOST_ROWS = 60
LONGEST_CELL = 120
_ENDINGS = (".json", ".jsonl", ".yaml", ".csv", ".html", ".md", ".sqlite", ".safetensors")  # of names of files
LEAST_COLUMNS, MOST_COLUMNS = 40, 80


def visible(text: str) -> str:
    """``text`` with each invisible or reordering character as its code, such as [U+202E]."""
    return "".join(f"[U+{ord(c):04X}]" if unicodedata.category(c) in _SHOWN_AS_CODE else c for c in text)


def columns() -> int:
    """Columns of the terminal, at most 80; 80 where there is none."""
    return max(LEAST_COLUMNS, min(MOST_COLUMNS, get_terminal_size((MOST_COLUMNS, 24)).columns))


def narrowed(lines: Iterable[str], width: int) -> Iterator[str]:
    """``lines``, those wider than ``width`` in several, indented.

    Paths do not count, and no word is broken: what is copied from a terminal is whole.
    """
    for line in lines:
        if width_beside_paths(line) <= width:
            yield line
            continue
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        yield from textwrap.wrap(
            line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ) or [line]  # fmt: skip


def width_beside_paths(line: str) -> int:
    """The number of characters in ``line``, those of paths and names of files left out."""
    return len(line) - sum(len(word) for word in line.split() if _is_path(word))


def _is_path(word: str) -> bool:
    return "/" in word.strip("/") or word.rstrip(":,").endswith(_ENDINGS)


def counted(count: int, what: str) -> str:
    """A count with its noun, such as "1 point" or "1,200 points"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def cut(value: object, longest: int = LONGEST_CELL) -> str:
    """``value`` as visible text of at most ``longest`` characters."""
    cell = visible(str(value))
    return cell if len(cell) <= longest else f"{cell[: longest - 1]}…"


def text(value: object, longest: int = LONGEST_CELL) -> str:
    """``cut`` text, escaped for HTML."""
    return escape(cut(value, longest))


def table(header: Sequence[object], rows: Iterable[Sequence[object]], most: int = MOST_ROWS) -> str:
    """An HTML table of at most ``most`` rows; its last line counts the rows that are left out."""
    listed = list(rows)
    body = "".join(_row("td", cells) for cells in listed[:most])
    if len(listed) > most:
        body += f'<tr><td colspan="{len(header)}">and {len(listed) - most:,} more</td></tr>'
    return f"<table><thead>{_row('th', header)}</thead><tbody>{body}</tbody></table>"


def plain_table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """The same table as plain text: the first column aligned to the left, the others to the right."""
    listed = list(rows)
    lines = [[cut(cell) for cell in row] for row in [header, *listed[:MOST_ROWS]]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded_lines = [
        "  ".join(cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(cells))
        for cells in (list(zip(line, widths, strict=True)) for line in lines)
    ]
    more = [f"and {len(listed) - MOST_ROWS:,} more"] if len(listed) > MOST_ROWS else []
    return "\n".join(line.rstrip() for line in [*padded_lines, *more])


def paragraphs(lines: Iterable[str]) -> str:
    """Lines of text as HTML, one below the other, the first one as a heading."""
    first, *rest = lines
    body = "".join(f"<div>{text(line, 1000)}</div>" for line in rest)
    return f"<div><strong>{text(first, 1000)}</strong>{body}</div>"


def _row(cell: str, cells: Sequence[object]) -> str:
    return f"<tr>{''.join(f'<{cell}>{text(value)}</{cell}>' for value in cells)}</tr>"
