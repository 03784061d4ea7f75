from pathlib import Path

from reports.csvfile import read_csv
from reports.document import Document, Figure, Section, Table, html, markdown, write_document

EVIL = "<script>alert(1)</script>|\u202e[x](y)"
DOCUMENT = Document(
    "A study",
    EVIL,
    (
        Section(
            "one",
            "First",
            ("Words.",),
            (Figure("bars", '<svg role="img"><title>bars</title></svg>', "Bars."),),
            (Table("costs", "Costs", ("system", "ms"), (("aat", 1.23456), (EVIL, None))),),
        ),
    ),
)


def test_text_is_escaped_and_figures_are_not() -> None:
    page = html(DOCUMENT)
    assert "<script>" not in page
    assert "\u202e" not in page
    assert '<svg role="img">' in page


def test_markdown_takes_text_for_text() -> None:
    text = markdown(DOCUMENT)
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "\\[x\\](y)" in text
    assert "| aat | 1.23 |" in text
    assert "(figures/bars.svg)" in text


def test_what_was_not_computed_is_a_dash_in_words_and_empty_in_csv(tmp_path: Path) -> None:
    write_document(tmp_path / "out", DOCUMENT)
    assert read_csv(tmp_path / "out" / "costs.csv", ("system", "ms"))[1] == [EVIL, ""]
    assert "| — |" in markdown(DOCUMENT)


def test_a_figure_stands_alone(tmp_path: Path) -> None:
    from xml.etree import ElementTree

    write_document(tmp_path, DOCUMENT)
    root = ElementTree.parse(tmp_path / "figures" / "bars.svg").getroot()
    assert root is not None
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_a_csv_holds_six_significant_digits_and_whole_counts(tmp_path: Path) -> None:
    table = Table("t", "T", ("count", "share [%]"), ((12_345_678, 100 / 3), (0, None)))
    write_document(tmp_path / "out", Document("d", "", (Section("s", "S", (), (), (table,)),)))
    assert (tmp_path / "out" / "t.csv").read_text() == "count,share [%]\n12345678,33.3333\n0,\n"
