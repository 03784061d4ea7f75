"""Figures as files: the same bytes for the same data, in each format."""

import re
import time
from pathlib import Path

import pytest

from nnasim.errors import FileError
from reports.blocks import Document, Figure, Section
from reports.document import write_figures
from reports.figures.explanation import waterfall
from reports.figures.style import FORMATS, Drawing, FileFormat

BEGINNINGS = {"svg": b'<svg xmlns="http://www.w3.org/2000/svg"', "png": b"\x89PNG", "pdf": b"%PDF-"}


def drawing() -> Drawing:
    made = waterfall("path", "What frame 3 waits for", [("dram", 9.0), ("mac_array", 1.5), ("handoff", 0.5)])
    assert made is not None
    return made


@pytest.mark.parametrize("kind", FORMATS)
def test_a_drawing_is_the_same_file_every_time(kind: FileFormat) -> None:
    first = drawing().file(kind)
    time.sleep(1.1)  # a date that a file held would have moved
    assert drawing().file(kind) == first
    assert first.startswith(BEGINNINGS[kind])


def test_a_pdf_embeds_its_fonts_as_truetype_and_has_no_date() -> None:
    data = drawing().file("pdf")
    assert b"/Subtype /Type3" not in data
    assert b"FontFile2" in data
    assert b"CreationDate" not in data


def test_each_figure_becomes_a_file_of_its_name(tmp_path: Path) -> None:
    figures = Document("", (), (Section("s", "S", (Figure("path", drawing()), Figure("again", drawing()))),)).figures
    write_figures(tmp_path / "figures", figures, "png")
    assert sorted(path.name for path in (tmp_path / "figures").glob("[!.]*")) == ["again.png", "path.png"]


def test_a_folder_is_replaced_only_where_it_holds_figures_of_these_names(tmp_path: Path) -> None:
    figures = [Figure("path", drawing())]
    write_figures(tmp_path / "figures", figures, "svg")
    with pytest.raises(FileError, match="force"):
        write_figures(tmp_path / "figures", figures, "svg")
    write_figures(tmp_path / "figures", figures, "svg", force=True)
    (tmp_path / "figures" / "mine.svg").write_text("")
    with pytest.raises(FileError, match=re.escape("mine.svg")):
        write_figures(tmp_path / "figures", figures, "svg", force=True)
