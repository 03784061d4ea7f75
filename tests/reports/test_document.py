from pathlib import Path
from xml.etree import ElementTree

from matplotlib.figure import Figure as MatplotlibFigure

from reports.blocks import (
    Block,
    Code,
    Document,
    Facts,
    Figure,
    Fold,
    Heading,
    Listing,
    Paragraph,
    Quantity,
    Section,
    Table,
    Value,
)
from reports.csvfile import read_csv
from reports.document import write_document
from reports.figures.style import Drawing
from reports.to_html import Head, heads, html
from reports.to_markdown import markdown

EVIL = "<script>alert(1)</script>|\u202e[x](y)"
BARS = Figure("bars", Drawing('<svg role="img"><title>bars</title></svg>', MatplotlibFigure()), "Bars.")
COSTS = Table("costs", "Costs", ("system", "ms"), (("aat", 1.23456), (EVIL, None)))


def document(*blocks: Block) -> Document:
    return Document("A study", (EVIL,), (Section("one", "First", blocks),))


DOCUMENT = document("Words.", BARS, COSTS)
EVERY_KIND = document(
    EVIL,
    Paragraph(("said ", Value(EVIL), Code(EVIL)), note=True),
    Heading(EVIL),
    Listing((EVIL, (Code("x"), Value(EVIL))), "notes"),
    Facts(((EVIL, Value(EVIL)),)),
    Table("t", EVIL, (EVIL, (EVIL, EVIL)), ((Code(EVIL), Value(EVIL)),), EVIL),
    Figure("bars", Drawing("<svg></svg>", MatplotlibFigure()), EVIL),
    Fold(Value(EVIL), (EVIL,)),
)


def test_text_is_escaped_and_figures_are_not() -> None:
    page = html(DOCUMENT)
    assert "<script>" not in page
    assert "\u202e" not in page
    assert '<svg role="img">' in page


def test_no_kind_of_block_lets_text_be_anything_else() -> None:
    page, text = html(EVERY_KIND), markdown(EVERY_KIND)
    assert "<script>" not in page
    assert "\u202e" not in page + text
    assert page.count("alert(1)") == 19
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert text.count("\\[x\\](y)") == 20  # a figure's caption stands in its link too


def test_markdown_takes_text_for_text() -> None:
    text = markdown(DOCUMENT)
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "\\[x\\](y)" in text
    assert "| aat | 1.23 |" in text
    assert "(figures/bars.svg)" in text


def test_code_is_code_and_what_comes_from_a_file_does_not_turn_our_words() -> None:
    words = document(Paragraph(("open ", Code("x.json"), " of ", Value("שלום"))))
    assert "<p>open <code>x.json</code> of <bdi>שלום</bdi></p>" in html(words)
    assert "open `x.json` of שלום" in markdown(words)


def test_words_and_the_names_of_rows_stand_at_the_left_and_numbers_at_the_right() -> None:
    rows = (("aat", 1.0, "late", None), ("naive", None, Value("soon"), 3))
    costs = Table("costs", "", ("system", "ms", "when", "errors"), rows, look="plain")
    assert "|---|---:|---|---:|" in markdown(document(costs))
    assert [dict(head.attributes).get("class") for head in heads(costs)[0]] == ["text", None, "text", None]
    assert html(document(costs)).count('<td class="text') == 2
    unnamed = Table("points", "", ("ms", "points"), ((1.0, 2),), named_rows=False)
    assert "|---:|---:|" in markdown(document(unnamed))


def test_figures_that_follow_each_other_stand_side_by_side() -> None:
    assert html(document(BARS, BARS, "and", BARS)).count('<div class="gallery">') == 2


def test_columns_share_a_heading() -> None:
    table = Table("t", "", ("system", ("latency", "p50"), ("latency", "p90"), "words"), (("aat", 1, 2, "few"),))
    text, tall = ("class", "text"), ("rowspan", "2")
    upper = [Head("system", (tall, text)), Head("latency", (("colspan", "2"),)), Head("words", (tall, text))]
    assert heads(table) == [upper, [Head("p50"), Head("p90")]]
    assert "| system | latency: p50 | latency: p90 | words |" in markdown(document(table))


def test_a_quantity_is_shown_in_its_own_way_and_recorded_as_a_number(tmp_path: Path) -> None:
    cells = (
        Quantity.percent(0.0321),
        Quantity.rounded(1.23456, 4),
        Quantity.data_size(2_000_000),
        Quantity.percent(None),
    )
    table = Table("t", "T", ("wer", "ms", "size", "none"), (cells,))
    assert "| 3.21 % | 1.235 | 2.00 MB | — |" in markdown(document(table))
    write_document(tmp_path, document(table))
    assert (tmp_path / "t.csv").read_text() == "wer,ms,size,none\n0.0321,1.23456,2000000,\n"


def test_what_was_not_computed_is_a_dash_in_words_and_empty_in_csv(tmp_path: Path) -> None:
    write_document(tmp_path / "out", DOCUMENT)
    assert read_csv(tmp_path / "out" / "costs.csv", ("system", "ms"))[1] == [EVIL, ""]
    assert "| — |" in markdown(DOCUMENT)


def test_what_is_folded_away_is_written_too(tmp_path: Path) -> None:
    write_document(tmp_path, document(Fold("more", (COSTS, BARS))))
    assert (tmp_path / "costs.csv").exists()
    assert (tmp_path / "figures" / "bars.svg").exists()


def test_a_figure_stands_alone(tmp_path: Path) -> None:
    write_document(tmp_path, DOCUMENT)
    root = ElementTree.parse(tmp_path / "figures" / "bars.svg").getroot()
    assert root is not None
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_a_csv_holds_six_significant_digits_and_whole_counts(tmp_path: Path) -> None:
    table = Table("t", "T", ("count", "share [%]"), ((12_345_678, 100 / 3), (0, None)))
    write_document(tmp_path / "out", document(table))
    assert (tmp_path / "out" / "t.csv").read_text() == "count,share [%]\n12345678,33.3333\n0,\n"
