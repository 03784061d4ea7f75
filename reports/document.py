"""A document becomes files: a page, Markdown with its figures, and a CSV file per table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nnasim import files
from reports.blocks import Document, Figure, heading, recorded
from reports.csvfile import write_csv
from reports.figures.style import FileFormat
from reports.to_html import html
from reports.to_markdown import markdown


def write_document(folder: Path, document: Document) -> None:
    """Write ``report.html``, ``report.md``, ``figures/*.svg`` and one CSV file per table into ``folder``."""
    write_html(folder / "report.html", document)
    files.write_bytes(folder / "report.md", markdown(document).encode())
    for figure in document.figures:
        files.write_bytes(folder / "figures" / f"{figure.name}.svg", figure.drawing.file("svg"))
    for section in document.sections:
        for table in section.tables:
            rows = [[recorded(cell) for cell in row] for row in table.rows]
            write_csv(folder / f"{table.name}.csv", [heading(column) for column in table.columns], rows)


def write_html(path: str | Path, document: Document, *, force: bool = False) -> None:
    """Write only the page, atomically."""
    files.write_bytes(path, html(document).encode(), force=force)


def write_figures(folder: Path, figures: Iterable[Figure], kind: FileFormat, *, force: bool = False) -> None:
    """Write each of ``figures`` as a file of its name in ``folder``, which appears completely or not at all.

    Raises FileError if the folder exists, unless ``force``; then for a file in it other than figures of these names.
    """
    with files.new_folder(folder, force=force) as partial:
        for figure in figures:
            files.write_bytes(partial / f"{figure.name}.{kind}", figure.drawing.file(kind))
