"""The page of several models on one chip: every figure of the run, hostile names made visible."""

from __future__ import annotations

import pytest

from nnasim.hardware import load_preset
from nnasim.ir.shared import SharedResult
from nnasim.sharing.run import Model, SharingOptions, share
from nnasim.sharing.search import find_streams
from reports.shared_document import shared_document
from reports.shared_lines import shared_lines
from reports.to_html import html
from reports.to_markdown import markdown
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    input_features=16, frame_ms=2, encoder_units=32, encoder_before=1, reduction=2, encoder_after=1, embedding=8,
    prediction_units=16, prediction_layers=1, joint_units=16, outputs=8,
)  # fmt: skip


@pytest.fixture(scope="module")
def result() -> SharedResult:
    trace = build_trace(SHAPE, 8, 2, system="aat")
    models = [Model("wake", trace, 2), Model("</script><b>\u202eevil", trace)]
    return share(models, load_preset("edge256"), SharingOptions(policy="priority", residents="in_turn"))


def test_the_page_shows_each_model_and_hides_nothing(result: SharedResult) -> None:
    page = html(shared_document(result))
    for heading in ("Latency", "Who has the chip", "SRAM, and what switching costs", "Operations", "Not modelled"):
        assert heading in page
    assert "wake" in page
    assert "<b>\u202eevil" not in page
    assert "\u202e" not in page
    assert "&lt;/script&gt;" in page


def test_it_is_markdown_too(result: SharedResult) -> None:
    text = markdown(shared_document(result))
    assert "| wake" in text
    assert "\u202e" not in text


def test_shares_and_idle_time_make_the_whole_run(result: SharedResult) -> None:
    (section,) = (section for section in shared_document(result).sections if section.name == "shares")
    shares = [row[1].value for row in section.tables[0].rows]  # type: ignore[union-attr]
    assert len(shares) == 3
    assert sum(shares) == pytest.approx(1)


def test_lines_are_single_and_visible(result: SharedResult) -> None:
    lines = list(shared_lines(result))
    assert len(lines) == 4
    assert all("\n" not in line and "\u202e" not in line for line in lines)
    assert "of which loaded resident weights again" in lines[-1]


def test_a_search_is_answered_first() -> None:
    trace = build_trace(SHAPE, 8, 2, system="aat")
    found = find_streams([Model("wake", trace)], load_preset("edge256"), SharingOptions(deadline_ms=2), most=4)
    document = shared_document(found)
    page = html(document)
    assert "streams in time: p99 of frame latency within 2 ms" in page
    assert [section.name for section in document.sections].count("search") == 1
