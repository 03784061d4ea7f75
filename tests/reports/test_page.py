"""The page: complete, offline, safe, the same bytes for the same data."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from nnasim.ir.result import Span
from reports.blocks import Table
from reports.comparison import comparison
from reports.hypotheses import Hypothesis
from reports.page import page
from reports.result_set import ResultSet

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\u202e{{7*7}}$x$"


class _Page(HTMLParser):
    """Tags with attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def html(result_set: ResultSet) -> str:
    return page(result_set)


def test_the_page_shows_every_part(html: str) -> None:
    text = _Page(html).text
    for part in (
        "Comparison", "Latency", "Where the time goes", "One frame", "Words", "Chip", "Not modelled", "Provenance",
        "float", "cpu_fallback", "naive", "aat", "3.00 %", "1.50 % to 4.50 %", "refresh of the DRAM", "one two tree",
        "sram.bytes", "nnasim compare --out DIR", "0123456789abcdef",
    ):  # fmt: skip
        assert part in text


def test_the_page_has_a_picture_per_figure(html: str, result_set: ResultSet) -> None:
    tags = [attributes for tag, attributes in _Page(html).tags if tag == "svg"]
    assert len(tags) == 2 + 2 + 3 * len(result_set.results)
    assert all(attributes["aria-label"] for attributes in tags)


def test_identifiers_of_different_figures_do_not_clash(html: str) -> None:
    identifiers = [attributes["id"] for _, attributes in _Page(html).tags if "id" in attributes]
    assert len(identifiers) > 10
    assert len(set(identifiers)) == len(identifiers)


def test_nothing_is_loaded_from_elsewhere(html: str) -> None:
    assert "://" not in html
    for tag, attributes in _Page(html).tags:
        assert tag not in {"link", "iframe", "object", "embed", "base", "image"}
        assert not attributes.get("src")
        assert (attributes.get("href") or "#").startswith("#")
        assert not any(name.startswith("on") for name in attributes)


def test_the_same_results_give_the_same_bytes_whatever_the_hash_seed() -> None:
    code = (
        "import sys, hashlib; sys.path.insert(0, 'tests/reports'); import conftest; from reports.page import page;"
        "r = {n: conftest.result_of(n) for n in ['aat']};"
        "print(hashlib.sha256(page(conftest.result_set_of(r, dict.fromkeys(r, 0.1))).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }  # fmt: skip
    assert len(digests) == 1


@pytest.fixture(scope="module")
def hostile(result_set: ResultSet) -> str:
    """The page of results in which every text that a file may bring is an attack."""
    result = result_set.results["aat"].model_copy(
        update={
            "preset": HOSTILE,
            "command": HOSTILE,
            "commit": HOSTILE,
            "not_modelled": (HOSTILE,),
            "hardware": {HOSTILE: HOSTILE},
            "spans": (Span(block=HOSTILE, name=HOSTILE, kind=HOSTILE, start=0, end=5),),
            "blocks": {HOSTILE: result_set.results["aat"].blocks["dma"]},
            "ops": tuple(op.model_copy(update={"kind": HOSTILE}) for op in result_set.results["aat"].ops),
        }
    )
    assert result_set.summary is not None
    summary = result_set.summary.model_copy(
        update={"command": HOSTILE, "versions": {HOSTILE: HOSTILE}, "inputs": {HOSTILE: HOSTILE}, "preset": HOSTILE}
    )
    return page(ResultSet({"aat": result}, summary, [Hypothesis(HOSTILE, "aat", HOSTILE, HOSTILE + " x")]))


def test_text_from_files_is_escaped_and_made_visible(hostile: str) -> None:
    tags = [tag for tag, _ in _Page(hostile).tags]
    assert "img" not in tags
    assert [attributes["id"] for tag, attributes in _Page(hostile).tags if tag == "script"] == [
        "summary", "charts", "vega-lite", "datatables", "page", "save",
    ]  # fmt: skip
    assert "\u202e" not in hostile
    assert "[U+202E]" in hostile
    assert "49$x$" not in hostile
    assert "alert(1)" in hostile


def test_the_embedded_summary_stays_one_script_of_data(hostile: str) -> None:
    (data,) = re.findall(r'<script type="application/json" id="summary">(.*?)</script>', hostile, flags=re.DOTALL)
    assert json.loads(data)["command"] == HOSTILE


def test_results_alone_make_a_page_without_word_errors(result_set: ResultSet) -> None:
    text = _Page(page(ResultSet({"aat": result_set.results["aat"]}))).text
    assert "left is better" not in text
    assert "One frame" in text
    assert "0.00 %" not in text


def test_a_result_without_a_time_line_says_so(result_set: ResultSet) -> None:
    bare = result_set.results["aat"].model_copy(update={"spans": ()})
    assert "No time line was recorded" in page(ResultSet({"aat": bare}))


def test_a_page_of_many_results_tells_their_number_in_its_title(result_set: ResultSet) -> None:
    result = result_set.results["aat"]
    many = {f"aat, dram {n} GB/s, handoff {n} us": result.model_copy(update={"preset": f"chip{n}"}) for n in range(8)}
    title = "8 results of aat on chip0, chip1, chip2, chip3, chip4, chip5 and 2 more"
    assert f"<h1><bdi>{title}</bdi></h1>" in page(ResultSet(many))


def test_the_policy_allows_our_scripts_by_their_digests_and_no_network(html: str) -> None:
    (policy,) = (a["content"] for tag, a in _Page(html).tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "connect-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert policy.count("'sha256-") == 4


def test_a_page_is_small_and_its_charts_name_only_rows_that_it_has(html: str) -> None:
    assert len(html.encode()) < 3_000_000
    (text,) = re.findall(r'<script type="application/json" id="charts">(.*?)</script>', html, flags=re.DOTALL)
    data = json.loads(text)
    assert {name for chart in data["charts"] for name in chart["data"]} == set(data["data"])


def test_the_rows_of_a_comparison_are_called_what_they_are(result_set: ResultSet) -> None:
    result = next(iter(result_set.results.values()))
    chips = {name: result.model_copy(update={"preset": name, "hardware_hash": name * 2}) for name in ("small", "large")}
    assert comparison_heading(ResultSet(chips)) == "chip"
    assert comparison_heading(result_set) == comparison_heading(ResultSet({"aat": result})) == "system"


def comparison_heading(result_set: ResultSet) -> object:
    return next(block for block in comparison(result_set).blocks if isinstance(block, Table)).columns[0]
