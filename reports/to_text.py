"""Blocks as text for a terminal: 80 columns, no colour, tables cut to what a screen holds."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from reports.blocks import Block, Facts, Figure, Fold, Heading, Listing, Paragraph, Table, Words, heading, shown

WIDTH = 80
MOST_ROWS = 16
GAP = "  "
NARROWEST = 8


def text_lines(blocks: Iterable[Block], width: int = WIDTH) -> Iterator[str]:
    """The lines; figures are left out, what a page folds away is cut like everything else."""
    for block in blocks:
        match block:
            case Heading(text):
                yield from ("", text, "-" * len(text))
            case str():
                yield from _wrapped(block, width)
            case Paragraph(words):
                yield from _wrapped(words, width)
            case Listing(items):
                yield from _listed(items, width)
            case Facts(rows):
                yield from _listed([f"{shown(term)}: {shown(what)}" for term, what in rows], width)
            case Table():
                yield from _table(block, width)
            case Fold(title, inner):
                yield from ("", *_wrapped(title, width), *text_lines(inner, width))
            case Figure():
                continue


def _wrapped(words: Words, width: int, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        shown(words), width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False,
    )  # fmt: skip


def _listed(items: Sequence[Words], width: int) -> Iterator[str]:
    for item in items:
        yield from _wrapped(item, width, "- ", "  ")


def _table(table: Table, width: int) -> Iterator[str]:
    """Headings, a rule and rows; words wrap within their columns, numbers never do."""
    texts = [table.holds_text(column) for column in range(len(table.columns))]
    names = [heading(column) for column in table.columns]
    rows = [[shown(cell) for cell in row] for row in table.rows[:MOST_ROWS]]
    widths = _widths(names, rows, texts, width)
    if table.title:
        yield from ("", table.title)
    yield from _row(names, widths, texts, upwards=True)
    yield GAP.join("-" * size for size in widths)
    for row in rows:
        yield from _row(row, widths, texts)
    if len(table.rows) > MOST_ROWS:
        yield f"and {len(table.rows) - MOST_ROWS:,} more rows, in Markdown or on a page"
    if table.note:
        yield from _wrapped(table.note, width)


def _widths(names: Sequence[str], rows: Sequence[Sequence[str]], texts: Sequence[bool], width: int) -> list[int]:
    """The characters of each column: those that it needs, with columns of words made narrower until all fit, if need be
    within words.
    """
    columns = list(zip(names, *rows, strict=True))
    longest_word = [max(len(word) for cell in cells for word in (cell.split() or [""])) for cells in columns]
    widths = [
        max([longest_word[column], *map(len, cells[1:])]) for column, cells in enumerate(columns)
    ]  # fmt: skip
    least = [word if text else size for word, size, text in zip(longest_word, widths, texts, strict=True)]
    for floor in (least, [min(NARROWEST, size) if text else size for size, text in zip(widths, texts, strict=True)]):
        while sum(widths) + len(GAP) * (len(widths) - 1) > width:
            loose = [column for column in range(len(widths)) if widths[column] > floor[column]]
            if not loose:
                break
            widths[max(loose, key=lambda column: widths[column])] -= 1
    return widths


def _row(cells: Sequence[str], widths: Sequence[int], texts: Sequence[bool], *, upwards: bool = False) -> Iterator[str]:
    """The lines of one row, words at the left, numbers at the right; ``upwards``: shorter cells stand at the foot."""
    parts = [
        textwrap.wrap(cell, size, break_on_hyphens=False) or [""] for cell, size in zip(cells, widths, strict=True)
    ]
    deepest = max(map(len, parts))
    for column, lines in enumerate(parts):
        blank = [""] * (deepest - len(lines))
        parts[column] = [*blank, *lines] if upwards else [*lines, *blank]
    for line in zip(*parts, strict=True):
        padded = (
            cell.ljust(size) if text else cell.rjust(size)
            for cell, size, text in zip(line, widths, texts, strict=True)
        )  # fmt: skip
        yield GAP.join(padded).rstrip()
