"""Whatever a page of any kind offers works, by keys alone: what it offers is found on the page, not listed here."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nnasim.sweeps.frames import StoredSweep
from reports.sweep_page import write_sweep_page
from tests.reports.chromium import Chromium, program
from tests.reports.pages import KINDS, write_page_of

pytestmark = pytest.mark.skipif(program() is None, reason="no Chromium is installed: apt-get install chromium")

PLOTS = "drawn.filter(({holder}) => holder.checkVisibility())"
MARKS = "[...holder.querySelectorAll('[role=\"graphics-symbol\"]')].filter((mark) => mark.__data__?.tooltip)"
TOOLTIP = "document.querySelector('#vg-tooltip-element.visible')"
HOSTILE = "a b';$(touch pwned)`\\\n\u202e\"&.yaml"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as chromium:
        permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"]
        chromium.ask("Browser.grantPermissions", permissions=permissions)
        yield chromium


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("offers")


@pytest.fixture(params=KINDS)
def page(request: pytest.FixtureRequest, folder: Path, browser: Chromium) -> Iterator[Path]:
    """A page of each kind, open and unfolded; after the test nothing has been complained of."""
    path = folder / f"{request.param}.html"
    browser.look()
    browser.open(path if path.exists() else write_page_of(request.param, folder))
    browser.run("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    browser.wait("[...document.querySelectorAll('figure')].every((figure) => figure.classList.contains('alive')"
                 " || !island('charts').charts.some((chart) => chart.figure === figure.dataset.name))")  # fmt: skip
    yield path
    assert browser.complaints() == []


def test_pages_offer_all_that_is_tested_here(folder: Path) -> None:
    charts, rows = list[dict[str, Any]](), 0
    for kind in KINDS:
        path = folder / f"{kind}.html"
        text = (path if path.exists() else write_page_of(kind, folder)).read_text()
        charts += json.loads(re.findall(r'id="charts">(.*?)</script>', text, re.DOTALL)[0])["charts"]
        rows = max(rows, *(table.count("<tr>") for table in text.split("<tbody>")))
    for offer in ("legend", "slider", "ranges", "copies"):
        assert any(chart[offer] for chart in charts), offer
    assert rows >= 10  # such a table is searched


def texts_of(browser: Chromium, table: str, column: int, attribute: bool) -> list[Any]:
    cell = "cell.dataset.order ?? null" if attribute else "cell.textContent"
    return list(browser.run(f"[...{table}.tBodies[0].rows].map((row) => row.cells[{column}]).map((cell) => {cell})"))


def test_each_column_sorts_its_numbers_as_numbers_and_loses_no_row(browser: Chromium, page: Path) -> None:
    tables = browser.run(
        "[...document.querySelectorAll('table')].map((table) =>"
        " table.querySelectorAll('[role=button]').length ? table.tBodies[0].rows[0].cells.length : 0)"
    )
    for place, columns in enumerate(tables):
        table = f"document.querySelectorAll('table')[{place}]"
        for column in range(columns):
            before = Counter(texts_of(browser, table, column, False))
            head = f"[...{table}.querySelectorAll('thead [data-dt-column=\"{column}\"]')].at(-1)"
            for direction in ("ascending", "descending"):
                browser.run(f"{head}.querySelector('[role=button]').focus()")
                browser.press("Enter")
                browser.wait(f"{head}.ariaSort === '{direction}'")
                assert Counter(texts_of(browser, table, column, False)) == before
                keys = texts_of(browser, table, column, True)
                if None not in keys:
                    numbers = [float(key.replace("Infinity", "inf")) for key in keys]
                    assert numbers == sorted(numbers, reverse=direction == "descending")


def test_each_search_leaves_the_rows_that_hold_the_words(browser: Chromium, page: Path) -> None:
    for place in range(browser.run("document.querySelectorAll('input[type=search]').length")):
        search = f"document.querySelectorAll('input[type=search]')[{place}]"
        rows = f"[...{search}.closest('.search').nextElementSibling.querySelectorAll('tbody tr')]"
        total = browser.run(f"{rows}.length")
        words = browser.run(f"{rows}.at(-1).cells[0].textContent")
        holding = browser.run(f"{rows}.filter((row) => {json.dumps(words)}.toLowerCase().split(' ')"
                              ".every((word) => row.textContent.toLowerCase().includes(word))).length")  # fmt: skip
        browser.run(f"{search}.focus()")
        browser.ask("Input.insertText", text=words)
        browser.wait(f"{search}.parentElement.querySelector('output').textContent === '{holding} of {total} rows'")
        assert 0 < browser.run(f"{rows}.length") == holding <= total
        browser.run(f"{search}.select()")
        browser.ask("Input.insertText", text="nothing holds this")
        browser.wait(f"{rows}.length === 1 && {rows}[0].textContent === 'No row holds that.'")


def test_each_chart_tells_keys_and_pointer_the_same_of_a_mark(browser: Chromium, page: Path) -> None:
    for place in range(browser.run(f"{PLOTS}.length")):
        browser.run(f"{PLOTS}[{place}].holder.focus()")
        browser.press("End")
        browser.wait(f"{TOOLTIP} !== null")
        aloud = browser.run(f"{PLOTS}[{place}].holder.closest('.live').querySelector('.aloud').textContent")
        told = browser.run(f"[...{TOOLTIP}.querySelectorAll('tr')].map((row) =>"
                           " [...row.cells].map((cell) => cell.textContent.replace(/:$/, '')))")  # fmt: skip
        assert told
        for name, value in told:
            assert f"{name}: {value}" in aloud
        browser.press("Escape")
        browser.wait(f"{TOOLTIP} === null")


def test_each_legend_filters_by_keys(browser: Chromium, page: Path) -> None:
    for place in range(browser.run(f"{PLOTS}.length")):
        buttons = f"[...{PLOTS}[{place}].holder.parentElement.querySelectorAll('.legend button')]"
        signal = f"{PLOTS}[{place}].view.signal('hidden')"
        for button in range(browser.run(f"{buttons}.length")):
            value = browser.run(f"{PLOTS}[{place}].chart.legend.entries[{button}].value")
            shown = (
                f"(({{holder}}) => {MARKS}.filter((mark) => mark.__data__.datum.series === {json.dumps(value)}))"
                f"({PLOTS}[{place}]).length"
            )
            before = browser.run(shown)
            browser.run(f"{buttons}[{button}].focus()")
            browser.press(" ")
            browser.wait(f"{signal}.length === 1 && {signal}[0] === {json.dumps(value)} && {shown} === 0")
            assert browser.run(f"{buttons}[{button}].ariaPressed") == "false"
            browser.press(" ")
            browser.wait(f"{signal}.length === 0 && {shown} === {before}")


def test_each_stretch_of_an_axis_leaves_the_lines_inside(browser: Chromium, page: Path) -> None:
    charts = browser.run(f"{PLOTS}.map(({{chart}}) => chart.ranges.map(({{stops}}) => stops))")
    for place, axes in enumerate(charts):
        rows = f"Object.values({PLOTS}[{place}].rows)[0].filter((row) => row.lined)"
        count = f"{PLOTS}[{place}].holder.parentElement.querySelector('.count').textContent"
        for axis, stops in enumerate(axes):
            if len(stops) < 2:
                continue
            low = f"{PLOTS}[{place}].holder.parentElement.querySelectorAll('.range')[{axis}].querySelector('input')"
            inside = browser.run(f"{rows}.filter((row) => row.s{axis} >= {stops[1][1]} - 1e-6).length")
            browser.run(f"{low}.focus()")
            browser.press("ArrowRight")
            browser.wait(f"{count}.startsWith('{inside} of ')")
            assert browser.run(f"{low}.ariaValueText") == stops[1][0]
            browser.press("ArrowLeft")
            browser.wait(f"{count}.startsWith(`${{{rows}.length}} of `)")


def test_each_slider_shows_what_was_simulated_at_its_stop_and_nothing_else(browser: Chromium, page: Path) -> None:
    sliders = browser.run(f"{PLOTS}.map(({{chart}}) => chart.slider)")
    for place, slider in enumerate(sliders):
        if not slider:
            continue
        browser.run(f"{PLOTS}[{place}].holder.parentElement.querySelector('.slider input').focus()")
        browser.press("Home")
        for stop, words in enumerate(slider["stops"]):
            browser.wait(f"{PLOTS}[{place}].view.signal('{slider['signal']}') === {stop}")
            output = browser.run(f"{PLOTS}[{place}].holder.parentElement.querySelector('.slider output').textContent")
            assert output == words
            of_stop = f"row.{slider['signal']} === {stop} && row.gain !== null"
            simulated = browser.run(f"Object.values({PLOTS}[{place}].rows).flat().filter((row) => {of_stop})"
                                    ".map((row) => row.gain).sort()")  # fmt: skip
            shown = f"(({{holder}}) => {MARKS}.map((mark) => mark.__data__.datum.gain).sort())({PLOTS}[{place}])"
            browser.wait(f"JSON.stringify({shown}) === {json.dumps(json.dumps(simulated, separators=(',', ':')))}")
            browser.press("ArrowRight")


def copied_lines(browser: Chromium) -> list[str]:
    """What `Copy` puts on the clipboard for the last mark that has options of each chart that offers them."""
    lines = []
    for place in range(browser.run(f"{PLOTS}.length")):
        if not browser.run(f"{PLOTS}[{place}].chart.copies"):
            continue
        live = f"{PLOTS}[{place}].holder.parentElement"
        browser.run(f"{PLOTS}[{place}].holder.focus()")
        browser.press("End")
        browser.press("Enter")
        browser.wait(f"{live}.querySelector('.told code').textContent !== ''")
        browser.run(f"[...{live}.querySelectorAll('.told button')].at(-1).focus()")
        browser.press("Enter")
        browser.wait(f"[...{live}.querySelectorAll('.told button')].at(-1).textContent === 'Copied'")
        copied = browser.run("navigator.clipboard.readText()")
        assert copied == browser.run(f"{live}.querySelector('.told code').textContent")
        lines.append(copied)
    return lines


def words_of(line: str) -> list[str]:
    """``line`` as bash reads it."""
    printed = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True).stdout
    return printed.decode().split("\0")[:-1]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash is installed")
def test_each_point_that_has_options_gives_them_to_copy(browser: Chromium, page: Path) -> None:
    lines = copied_lines(browser)
    assert bool(lines) == bool(browser.run("island('charts').charts.some((chart) => chart.copies)"))
    for line in lines:
        words = words_of(line)
        assert words[:2] == ["--preset", "edge256"]
        assert set(words[2::2]) == {"--set"}
        for word in words[3::2]:
            assert math.isfinite(float(word.partition("=")[2]))


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash is installed")
def test_a_chip_of_a_hostile_name_and_an_odd_number_are_copied_exactly(
    browser: Chromium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nnasim.cli.main import main

    monkeypatch.chdir(tmp_path)
    Path(HOSTILE).write_text("extends: edge256\n")
    sweep = {"base": f"./{HOSTILE}", "traces": [{"shape": "rnnt-mlperf", "frames": 2, "symbols": 1}],
             "axes": {"dram.bytes_per_second": {"list": [1234567890.125, 5002929893.0]},
                      "sram.bytes": {"list": [262144, 1048576]}},
             "objectives": ["engine_latency_ms.p90", "area_mm2"], "sampler": "grid"}  # fmt: skip
    Path("sweep.yaml").write_text(json.dumps(sweep))
    assert main(["sweep", "sweep.yaml", "--store", "s.sqlite", "--jobs", "1", "--quiet"]) == 0
    write_sweep_page("sweep.html", StoredSweep("s.sqlite"))
    browser.look()
    browser.open(tmp_path / "sweep.html")
    lines = copied_lines(browser)
    assert lines
    for line in lines:
        words = words_of(line)
        assert words[1] == f"./{HOSTILE}"
        assert "dram.bytes_per_second=5002929893.0" in words
    assert not Path("pwned").exists()
    assert browser.complaints() == []
