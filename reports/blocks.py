"""A report as data: sections of words, lists, tables and figures, whatever it becomes: HTML, Markdown, CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from nnasim.markup import visible
from reports.chart import Chart
from reports.figures.style import Drawing
from reports.text import NOT_COMPUTED, data_size, number, percent


@dataclass(frozen=True)
class Code:
    """Text that is typed, or that identifies a file."""

    text: str


@dataclass(frozen=True)
class Value:
    """Text from a file among our words: whatever its script, it does not change their order.

    ``exact``: what a CSV file has in place of text that is rounded.
    """

    text: str
    exact: str | None = None


Inline = str | Code | Value
Words = Inline | tuple[Inline, ...]


@dataclass(frozen=True)
class Quantity:
    """A number with the text that shows it, where three significant digits are not right; None if not computed."""

    value: float | None
    text: str

    @classmethod
    def rounded(cls, value: float | None, digits: int) -> Quantity:
        """A number, shown with ``digits`` significant digits."""
        return cls(value, number(value, digits))

    @classmethod
    def percent(cls, fraction: float | None, digits: int = 2) -> Quantity:
        """A fraction, shown as percent with ``digits`` digits after the point."""
        return cls(fraction, percent(fraction, digits))

    @classmethod
    def data_size(cls, count: int | None) -> Quantity:
        """A number of bytes, shown with a decimal unit."""
        return cls(count, data_size(count))


Cell = Inline | int | float | Quantity | None
Column = str | tuple[str, str]
"""A heading, or a heading that several columns share and the one below it."""


@dataclass(frozen=True)
class Paragraph:
    """Words of several kinds; a note is in smaller type. Plain words are a paragraph as they are."""

    words: Words
    note: bool = False


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True)
class Listing:
    """A list; ``notes`` are what must not be overlooked."""

    items: tuple[Words, ...]
    look: Literal["plain", "answers", "notes"] = "plain"


@dataclass(frozen=True)
class Facts:
    """Terms, each with its meaning."""

    rows: tuple[tuple[Words, Words], ...]


@dataclass(frozen=True)
class Table:
    """A table; ``name`` becomes the CSV file's; cells that were not computed are None.

    ``named_rows``: the first cell of a row is its name. ``look``: ``wide`` breaks its headings, ``words`` its cells,
    ``parameters`` all cells but the first.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    named_rows: bool = True
    look: Literal["wide", "plain", "words", "parameters"] = "wide"

    def is_at_left(self, column: int) -> bool:
        """Whether a column is aligned to the left, as words and names of rows are; numbers are at the right."""
        return (column == 0 and self.named_rows) or self.holds_text(column)

    def holds_text(self, column: int) -> bool:
        """Whether a column's cells are words; one that was not computed is neither words nor a number."""
        return any(is_text(row[column]) and not is_empty(row[column]) for row in self.rows)

    def numbers(self, column: int) -> list[float | int | None] | None:
        """A column's cells with all their digits, None for what was not computed; None if one of them is words."""
        cells = [row[column] for row in self.rows]
        if any(is_text(cell) and not is_empty(cell) for cell in cells) or all(map(is_empty, cells)):
            return None
        return [_number(cell) for cell in cells]

    def filled(self) -> Table:
        """The table without columns in which nothing was computed."""
        kept = [index for index in range(len(self.columns)) if any(not is_empty(row[index]) for row in self.rows)]
        rows = tuple(tuple(row[index] for index in kept) for row in self.rows)
        return replace(self, columns=tuple(self.columns[index] for index in kept), rows=rows)


@dataclass(frozen=True)
class Figure:
    """A drawing, and the words under it. ``name``: the name of its file, if it is written to one.

    ``charts``: the charts that replace the drawing on a page whose scripts run.
    """

    name: str
    drawing: Drawing
    caption: str = ""
    charts: tuple[Chart, ...] = ()

    @property
    def svg(self) -> str:
        """The element as it stands in a page."""
        return self.drawing.svg


@dataclass(frozen=True)
class Fold:
    """Blocks that a page can fold away."""

    title: Words
    blocks: tuple[Block, ...]
    is_open: bool = False


Block = str | Paragraph | Heading | Listing | Facts | Table | Figure | Fold


@dataclass(frozen=True)
class Section:
    """A heading, and the blocks under it; consecutive figures are placed in a row."""

    name: str
    title: str
    blocks: tuple[Block, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table of the section."""
        return tuple(block for block in unfolded(self.blocks) if isinstance(block, Table))

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every figure of the section."""
        return tuple(figures_among(self.blocks))


@dataclass(frozen=True)
class Document:
    """The whole report. ``lead``: the blocks before its sections; ``data``: JSON that a page carries, by name."""

    title: Words
    lead: tuple[Block, ...]
    sections: tuple[Section, ...]
    kind: str = "study"
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every figure of every section."""
        return tuple(figure for section in self.sections for figure in section.figures)


def unfolded(blocks: Iterable[Block]) -> Iterator[Block]:
    """``blocks`` with what their folds hold."""
    for block in blocks:
        yield block
        if isinstance(block, Fold):
            yield from unfolded(block.blocks)


def figures_among(blocks: Iterable[Block]) -> Iterator[Figure]:
    """Every figure of ``blocks`` and of their folds."""
    return (block for block in unfolded(blocks) if isinstance(block, Figure))


def without_figures(blocks: Iterable[Block]) -> Iterator[Block]:
    """``blocks`` and what their folds hold, but for figures: those of a file that has none beside it."""
    for block in blocks:
        if isinstance(block, Fold):
            yield replace(block, blocks=tuple(without_figures(block.blocks)))
        elif not isinstance(block, Figure):
            yield block


def _number(cell: Cell) -> float | int | None:
    bare = cell.value if isinstance(cell, Quantity) else cell
    return bare if isinstance(bare, int | float) else None


def is_text(cell: Cell) -> bool:
    """Whether a cell is words, no number."""
    return isinstance(cell, str | Code | Value)


def is_empty(cell: Cell) -> bool:
    """Whether a cell was not computed."""
    return (cell.value if isinstance(cell, Quantity) else cell) in (None, NOT_COMPUTED)


def inlines(content: Words | Cell) -> tuple[Inline, ...]:
    """Words or a cell, part by part: numbers with three significant digits."""
    if isinstance(content, tuple):
        return content
    if isinstance(content, Quantity):
        return (content.text,)
    return (content,) if isinstance(content, str | Code | Value) else (number(content),)


def shown(content: Words | Cell) -> str:
    """Words or a cell as bare text, invisible characters as codes."""
    return "".join(visible(part if isinstance(part, str) else part.text) for part in inlines(content))


def recorded(cell: Cell) -> str | int | float | None:
    """A cell as a CSV file holds it: whole numbers as they are, others with six digits, more than are certain."""
    if isinstance(cell, Code | Value):
        return cell.exact or cell.text if isinstance(cell, Value) else cell.text
    bare = cell.value if isinstance(cell, Quantity) else cell
    return float(f"{bare:.6g}") if isinstance(bare, float) and not bare.is_integer() else bare


def heading(column: Column) -> str:
    """A column's heading in one line."""
    return column if isinstance(column, str) else ": ".join(column)
