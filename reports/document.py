"""A report as data: sections of words, tables and figures; one document becomes HTML, Markdown and CSV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nnasim import files
from reports.csvfile import write_csv
from reports.text import number, visible

_STANDALONE = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """``name`` becomes the CSV file's; cells that were not computed are None."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def holds_text(self, column: int) -> bool:
        """Whether a column's cells are words: they stand at the left, numbers at the right."""
        return any(isinstance(row[column], str) for row in self.rows)


@dataclass(frozen=True)
class Figure:
    """An SVG element as ``figures.style.svg`` makes it, and the words that stand under it."""

    name: str
    svg: str
    caption: str


@dataclass(frozen=True)
class Section:
    """A heading, paragraphs, figures, then tables."""

    name: str
    title: str
    paragraphs: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Document:
    """The whole report."""

    title: str
    lead: str
    sections: tuple[Section, ...]


def shown(cell: Cell) -> str:
    """A cell as text: numbers with three significant digits, invisible characters as codes."""
    return visible(cell) if isinstance(cell, str) else number(cell)


def recorded(cell: Cell) -> Cell:
    """A cell as it stands in a CSV file: six significant digits of a float, more than any figure here is worth."""
    return float(f"{cell:.6g}") if isinstance(cell, float) else cell


def html(document: Document) -> str:
    """One offline page; every text is escaped by the environment."""
    import jinja2
    import markupsafe

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": shown, "markup": markupsafe.Markup}
    return environment.get_template("document.html.j2").render(document=document)


def markdown(document: Document) -> str:
    """The same as Markdown; figures are files in ``figures/`` beside it."""
    blocks = [f"# {_plain(document.title)}", _plain(document.lead)]
    for section in document.sections:
        blocks += [f"## {_plain(section.title)}", *map(_plain, section.paragraphs)]
        blocks += [f"![{_plain(f.caption)}](figures/{f.name}.svg)\n\n{_plain(f.caption)}" for f in section.figures]
        for table in section.tables:
            blocks += [f"### {_plain(table.title)}", _grid(table)]
            blocks += [_plain(table.note)] if table.note else []
    return "\n\n".join(blocks) + "\n"


def _grid(table: Table) -> str:
    rule = "|" + "|".join("---" if index == 0 else "---:" for index in range(len(table.columns))) + "|"
    lines = [[_plain(shown(cell)) for cell in row] for row in (table.columns, *table.rows)]
    written = ["| " + " | ".join(cells) + " |" for cells in lines]
    return "\n".join([written[0], rule, *written[1:]])


def _plain(text: str) -> str:
    """Text that Markdown takes for text: no character of it starts a tag, a link, a cell or emphasis."""
    escaped = "".join(f"\\{c}" if c in "\\|<>[]*`" else c for c in visible(text))
    return escaped


def write_document(folder: Path, document: Document) -> None:
    """``report.html``, ``report.md``, ``figures/*.svg`` and one CSV file per table."""
    files.write_bytes(folder / "report.html", html(document).encode())
    files.write_bytes(folder / "report.md", markdown(document).encode())
    for section in document.sections:
        for figure in section.figures:
            standing_alone = figure.svg.replace("<svg", _STANDALONE, 1)
            files.write_bytes(folder / "figures" / f"{figure.name}.svg", standing_alone.encode())
        for table in section.tables:
            rows = [[recorded(cell) for cell in row] for row in table.rows]
            write_csv(folder / f"{table.name}.csv", table.columns, rows)
