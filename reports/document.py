"""A document becomes files: a page, Markdown with its figures, and a CSV file per table."""

from __future__ import annotations

from pathlib import Path

from nnasim import files
from reports.blocks import Document, heading, recorded
from reports.csvfile import write_csv
from reports.to_html import html
from reports.to_markdown import markdown

_STANDALONE = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def write_document(folder: Path, document: Document) -> None:
    """``report.html``, ``report.md``, ``figures/*.svg`` and one CSV file per table."""
    write_html(folder / "report.html", document)
    files.write_bytes(folder / "report.md", markdown(document).encode())
    for section in document.sections:
        for figure in section.figures:
            standing_alone = figure.svg.replace("<svg", _STANDALONE, 1)
            files.write_bytes(folder / "figures" / f"{figure.name}.svg", standing_alone.encode())
        for table in section.tables:
            rows = [[recorded(cell) for cell in row] for row in table.rows]
            write_csv(folder / f"{table.name}.csv", [heading(column) for column in table.columns], rows)


def write_html(path: str | Path, document: Document, *, force: bool = False) -> None:
    """The page alone, atomically."""
    files.write_bytes(path, html(document).encode(), force=force)
