"""Pages in a headless Chromium: what pointer, keys and a phone find there. No page asks for anything or complains."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reports.blocks import Document, Fold, Quantity, Section, Table, Value
from reports.charts.placement import handoff_chart, map_chart
from reports.document import write_html
from reports.figures.placement import gain_map
from reports.page import write_page
from reports.result_set import ResultSet
from reports.study_record import GainMap
from reports.sweep_page import write_sweep_page
from tests.reports.chromium import Chromium, program

pytestmark = pytest.mark.skipif(program() is None, reason="no Chromium is installed: apt-get install chromium")

HOSTILE = "</script><img src=x onerror=alert(1)>\u202e"
GRID = GainMap(
    (5.0, 50.0, 100.0), (1e9, 25e9), ((1.0, 2.0), (6.0, None), (8.0, 9.0)), 5.0,
    {"aat": ((1.0, 1.0), (1.0, 1.0), (1.0, 1.0)), "cpu_fallback": ((1.01, 1.02), (1.06, 1.07), (1.08, 1.09))},
)  # fmt: skip
SIZES = (1_240_000, 900_000, 2_000_000_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def report(result_set: ResultSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_page(path, result_set)
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A map with its slider, a hostile one folded away, and a table with every kind of cell."""
    from reports.blocks import Figure

    maps = {"trained": GRID, "rnnt-paper": GRID}
    charts = (*map_chart("map", "gain", "trained", GRID), *handoff_chart(maps))
    hostile = Figure("hostile", gain_map("hostile", HOSTILE, GRID), "", map_chart("hostile", HOSTILE, HOSTILE, GRID))
    rows = tuple(
        (Value(f"row {n}"), 1000.0 * (n % 7), Quantity.data_size(SIZES[n % 3]), None if n == 4 else n)
        for n in range(12)
    )
    table = Table("t", "", ("name", "ms", "bytes", "count"), rows)
    section = Section(
        "one", "One", (Figure("map", gain_map("map", "gain", GRID), "", charts), table, Fold("more", (hostile,)))
    )
    path = tmp_path_factory.mktemp("study") / "study.html"
    write_html(path, Document("A study", (), (section,)))
    return path


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a small sweep over four axes."""
    from nnasim.cli.main import main
    from nnasim.sweeps.frames import StoredSweep

    folder = tmp_path_factory.mktemp("sweep")
    (folder / "sweep.yaml").write_text(
        "base: edge256\ntraces:\n  - {shape: rnnt-paper, frames: 2, symbols: 1}\naxes:\n"
        "  dram.bytes_per_second: {list: [1.0e9, 4.0e9, 25.0e9]}\n  host.handoff_us: {list: [5, 50]}\n"
        "  sram.bytes: {list: [262144, 1048576]}\nobjectives: [engine_latency_ms.p90, energy_mj]\nsampler: grid\n"
    )
    store = folder / "s.sqlite"
    assert main(["sweep", str(folder / "sweep.yaml"), "--store", str(store), "--jobs", "1", "--quiet"]) == 0
    write_sweep_page(folder / "sweep.html", StoredSweep(store))
    return folder / "sweep.html"


def text(browser: Chromium, selector: str, place: int = 0) -> str:
    return str(browser.run(f"document.querySelectorAll({selector!r})[{place}]?.textContent ?? ''"))


def texts(browser: Chromium, selector: str) -> list[str]:
    return list(browser.run(f"[...document.querySelectorAll({selector!r})].map((element) => element.textContent)"))


def test_hover_tells_a_mark_and_a_legend_filters(browser: Chromium, report: Path) -> None:
    browser.look()
    browser.open(report)
    bars = 'figure[data-name="kinds0"] .mark-rect path[role="graphics-symbol"]'
    browser.hover(bars)
    browser.wait("document.querySelector('#vg-tooltip-element.visible') !== null")
    assert "works [ms/s]" in text(browser, "#vg-tooltip-element")
    before = browser.run(f"document.querySelectorAll({bars!r}).length")
    browser.click('figure[data-name="kinds0"] .legend button', 2)
    browser.wait(f"document.querySelectorAll({bars!r}).length < {before}")
    assert (
        browser.run("document.querySelectorAll('figure[data-name=\"kinds0\"] .legend button')[2].ariaPressed")
        == "false"
    )
    assert browser.complaints() == []


def test_keys_walk_from_mark_to_mark_and_say_each(browser: Chromium, report: Path) -> None:
    browser.look()
    browser.open(report)
    browser.run("document.querySelector('figure[data-name=\"blocks0\"] .plot').focus()")
    browser.press("ArrowRight")
    first = text(browser, 'figure[data-name="blocks0"] .aloud')
    browser.press("ArrowRight")
    second = text(browser, 'figure[data-name="blocks0"] .aloud')
    assert first.startswith("block: ")
    assert second.startswith("block: ")
    assert first != second
    assert browser.run("document.querySelectorAll('figure[data-name=\"blocks0\"] .at').length") == 1
    browser.wait("document.querySelector('#vg-tooltip-element.visible') !== null")
    assert browser.complaints() == []


def test_a_table_is_sorted_by_a_key_and_searched(browser: Chromium, study: Path) -> None:
    browser.look()
    browser.open(study)
    sizes = "tbody td:nth-child(3)"
    browser.run("document.querySelectorAll('thead th')[2].querySelector('[role=button]').focus()")
    browser.press("Enter")
    browser.wait("document.querySelectorAll('thead th')[2].ariaSort === 'ascending'")
    assert texts(browser, sizes) == ["900 kB"] * 4 + ["1.24 MB"] * 4 + ["2.00 GB"] * 4
    browser.click("thead th", 1)
    browser.click("thead th", 1)
    browser.wait("document.querySelectorAll('thead th')[1].ariaSort === 'descending'")
    times = [float(cell.replace(",", "")) for cell in texts(browser, "tbody td:nth-child(2)")]
    assert times == sorted(times, reverse=True)
    browser.run("document.querySelector('input[type=search]').focus()")
    browser.ask("Input.insertText", text="row 11")
    browser.wait("document.querySelectorAll('tbody tr').length === 1")
    assert text(browser, ".search output") == "1 of 12 rows"
    assert browser.complaints() == []


def test_a_slider_stops_at_what_was_simulated_and_nowhere_else(browser: Chromium, study: Path) -> None:
    browser.look()
    browser.open(study)
    assert browser.run("document.querySelector('.slider input').max") == "2"
    assert text(browser, ".slider output") == "50 us"
    browser.run("document.querySelector('.slider input').focus()")
    browser.press("ArrowRight")
    browser.wait("document.querySelector('.slider output').textContent === '100 us'")
    browser.wait("drawn[1].view.signal('step') === 2")
    shown = browser.run("[...document.querySelectorAll('.plot')[1].querySelectorAll('path[role=graphics-symbol]')]"
                        ".map((mark) => mark.__data__.datum.gain)")  # fmt: skip
    assert sorted(shown) == [8, 8, 9, 9]
    assert browser.complaints() == []


def test_a_point_of_the_front_opens_its_options_to_copy(browser: Chromium, sweep: Path) -> None:
    browser.look()
    browser.open(sweep)
    browser.ask("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    dots = 'figure[data-name="front0"] .mark-symbol path[role="graphics-symbol"]'
    last = browser.run(f"document.querySelectorAll({dots!r}).length") - 1
    browser.click(dots, last)
    browser.wait("document.querySelector('figure[data-name=\"front0\"] .told code').textContent !== ''")
    options = text(browser, 'figure[data-name="front0"] .told code')
    assert options.startswith("--preset edge256 --set dram.bytes_per_second=")
    browser.click('figure[data-name="front0"] .told button')
    browser.wait("document.querySelector('figure[data-name=\"front0\"] .told button').textContent === 'Copied'")
    assert browser.complaints() == []


def test_a_stretch_of_an_axis_leaves_the_lines_inside_and_dims_other_charts(browser: Chromium, sweep: Path) -> None:
    browser.look()
    browser.open(sweep)
    axis = 'figure[data-name="parallel"] .axis1 path'
    x, _ = browser.middle(axis)
    top, height = browser.run(
        f"(({{top, height}}) => [top, height])(document.querySelector({axis!r}).getBoundingClientRect())"
    )
    browser.drag((x, top + 2), (x, top + height / 3))  # the axis is held a little beyond its ends
    count = 'figure[data-name="parallel"] .count'
    browser.wait(f"document.querySelector({count!r}).textContent.startsWith('6 of 12')")
    browser.wait("drawn[0].view.signal('ranges')[1].length === 2")
    browser.click('figure[data-name="parallel"] .told button')
    browser.wait(f"document.querySelector({count!r}).textContent.startsWith('12 of 12')")
    assert browser.complaints() == []


def test_a_stretch_is_chosen_without_a_pointer_too(browser: Chromium, sweep: Path) -> None:
    browser.look()
    browser.open(sweep)
    browser.run("document.querySelector('details.ranges').open = true")
    browser.run("document.querySelectorAll('.range')[1].querySelectorAll('input')[0].focus()")
    browser.press("ArrowRight")
    browser.wait("document.querySelector('.count').textContent.startsWith('6 of 12')")
    assert browser.complaints() == []


@pytest.mark.parametrize("page", ["report", "study", "sweep"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_a_page_fits_and_says_nothing(browser: Chromium, page: str, width: int, dark: bool, request) -> None:
    browser.look(width, dark=dark)
    browser.open(request.getfixturevalue(page))
    assert browser.run("document.documentElement.scrollWidth") <= width
    alive = browser.run("[...document.querySelectorAll('figure.alive')].map((figure) => figure.dataset.name)")
    charted = browser.run(
        "island('charts').charts.map((chart) => chart.figure).filter((name) =>"
        ' document.querySelector(`figure[data-name="${name}"]`).checkVisibility())'
    )
    assert alive
    assert set(alive) == set(charted)
    assert browser.complaints() == []


def test_a_change_of_theme_keeps_what_is_hidden(browser: Chromium, report: Path) -> None:
    browser.look()
    browser.open(report)
    browser.click('figure[data-name="blocks0"] .legend button', 0)
    place = browser.run("drawn.findIndex(({chart}) => chart.figure === 'blocks0')")
    browser.wait(f"drawn[{place}].view.signal('hidden').length === 1")
    browser.look(dark=True)
    browser.wait(
        f"drawn[{place}].view.signal('ink') === '#e8e8e6' && drawn[{place}].view.signal('hidden').length === 1"
    )
    assert browser.complaints() == []


def test_what_is_folded_is_drawn_when_it_is_opened_and_hostile_text_stays_text(browser: Chromium, study: Path) -> None:
    browser.look()
    browser.open(study)
    assert browser.run("document.querySelectorAll('figure.alive').length") == 1
    browser.click("summary")
    browser.wait("document.querySelectorAll('figure.alive').length === 2")
    marks = 'figure[data-name="hostile"] path[role="graphics-symbol"]'
    browser.wait(f"document.querySelectorAll({marks!r}).length > 0")
    browser.hover(marks)
    browser.wait("document.querySelector('#vg-tooltip-element.visible') !== null")
    assert "<img src=x onerror=alert(1)>[U+202E]" in text(browser, "#vg-tooltip-element")
    assert browser.run("document.querySelectorAll('img').length") == 0
    assert browser.complaints() == []


def test_without_scripts_pictures_and_tables_stand(browser: Chromium, report: Path) -> None:
    browser.look(scripts=False)
    browser.ask("Page.navigate", url=report.as_uri())
    browser.wait("document.readyState === 'complete'")
    browser.look()  # scripts of ours may look at it again; the page's own have not run
    assert browser.run("typeof drawn") == "undefined"
    assert browser.run("[...document.querySelectorAll('figure > svg')].some((svg) => !svg.getClientRects().length"
                       " && !svg.closest('details:not([open])'))") is False  # fmt: skip
