"""Every kind of page in a headless Chromium: on a phone and a desk, light and dark, by pointer, by keys, as files."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.reports.chromium import Chromium, program
from tests.reports.pages import KINDS, write_page_of

pytestmark = pytest.mark.skipif(program() is None, reason="no Chromium is installed: apt-get install chromium")

PHONE, DESK = 360, 1280
VISIBLE_PLOTS = "[...document.querySelectorAll('.plot')].filter((plot) => plot.checkVisibility())"
MARKS = "[...plot.querySelectorAll('[role=\"graphics-symbol\"]')].filter((mark) => mark.__data__?.tooltip)"
TOOLTIP = "document.querySelector('#vg-tooltip-element.visible')"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(params=KINDS)
def page(request: pytest.FixtureRequest, folder: Path) -> Path:
    path = folder / f"{request.param}.html"
    return path if path.exists() else write_page_of(request.param, folder)


@pytest.mark.parametrize(("width", "dark"), [(PHONE, True), (DESK, False)])
def test_a_page_fits_is_drawn_and_asks_for_nothing(browser: Chromium, page: Path, width: int, dark: bool) -> None:
    browser.look(width, dark=dark)
    browser.open(page)
    assert browser.run("document.documentElement.scrollWidth") <= width
    undrawn = browser.run(
        "island('charts').charts.map(({figure}) => document.querySelector(`figure[data-name=\"${figure}\"]`))"
        ".filter((figure) => figure.checkVisibility() && !figure.classList.contains('alive')).length"
    )
    assert undrawn == 0
    paper = browser.run("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(21, 24, 28)" if dark else "rgb(255, 255, 255)")
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_no_words_of_a_chart_are_cut(browser: Chromium, page: Path, width: int) -> None:
    browser.look(width)
    browser.open(page)
    cut = browser.run(
        f"{VISIBLE_PLOTS}.flatMap((plot) => [...plot.querySelectorAll('text')].filter((text) => text.textContent &&"
        " text.checkVisibility({opacityProperty: true})).filter((text) => {"
        "   const [inner, outer] = [text, plot].map((element) => element.getBoundingClientRect());"
        "   return inner.left < outer.left - 2 || inner.right > outer.right + 2 || inner.bottom > outer.bottom + 2;"
        " }).map((text) => `${plot.ariaLabel}: ${text.textContent}`))"
    )
    assert cut == []


def test_each_chart_tells_its_marks_to_pointer_and_keys(browser: Chromium, page: Path) -> None:
    browser.look()
    browser.open(page)
    plots = browser.run(f"{VISIBLE_PLOTS}.length")
    assert plots
    for place in range(plots):
        browser.run(f"(({VISIBLE_PLOTS})[{place}]).focus()")
        browser.press("ArrowRight")
        browser.wait(f"{TOOLTIP} !== null")
        aloud = browser.run(f"(({VISIBLE_PLOTS})[{place}]).closest('.live').querySelector('.aloud').textContent")
        told = browser.run(f"{TOOLTIP}.textContent")
        assert ": " in aloud
        assert told
        browser.press("Escape")
        browser.wait(f"{TOOLTIP} === null")
    first = f"(() => {{ const plot = ({VISIBLE_PLOTS})[0]; return {MARKS}[0]; }})()"
    browser.run(f"{first}.scrollIntoView({{block: 'center'}})")
    box = browser.run(f"(({{x, y, width, height}}) => [x, y, width, height])({first}.getBoundingClientRect())")
    for shift in (1, 0):
        browser.point(box[0] + box[2] / 2 - shift, box[1] + box[3] / 2)
    browser.wait(f"{TOOLTIP} !== null")
    assert browser.complaints() == []


def test_each_legend_hides_what_it_names_and_shows_it_again(browser: Chromium, page: Path) -> None:
    browser.look()
    browser.open(page)
    legends = "[...document.querySelectorAll('.legend')].filter((legend) => legend.checkVisibility())"
    for place in range(browser.run(f"{legends}.length")):
        marks = f"(() => {{ const plot = ({legends})[{place}].nextElementSibling; return {MARKS}.length; }})()"
        before = browser.run(marks)
        for pressed, hidden in (("false", True), ("true", False)):
            browser.run(f"({legends})[{place}].querySelectorAll('button').forEach((button) => button.click())")
            browser.wait(f"({marks} === 0) === {str(hidden).lower()}")
            states = browser.run(f"[...({legends})[{place}].querySelectorAll('button')].map((b) => b.ariaPressed)")
            assert set(states) == {pressed}
        browser.wait(f"{marks} === {before}")
    assert browser.complaints() == []


def test_all_that_a_pointer_can_use_the_tab_key_reaches(browser: Chromium, page: Path) -> None:
    browser.look()
    browser.open(page)
    wanted = browser.run(
        "(() => { const all = [...document.querySelectorAll('a[href], button, input, summary, .plot, [role=button]')]"
        ".filter((element) => element.checkVisibility() && !element.hidden); all.forEach((element, place) =>"
        " element.dataset.place = place); return all.length; })()"
    )
    browser.run("document.activeElement.blur()")
    unreached = {str(place) for place in range(wanted)}
    for _ in range(2 * wanted + 20):  # tables that scroll are reached too, and the window itself
        browser.press("Tab")
        unreached.discard(browser.run("document.activeElement.dataset.place"))
    assert unreached == set()


def test_a_page_without_scripts_shows_every_picture(browser: Chromium, page: Path) -> None:
    browser.look(PHONE, scripts=False)
    browser.ask("Page.navigate", url=page.as_uri())
    browser.wait("document.readyState === 'complete'")
    browser.look(PHONE)
    assert browser.run("typeof drawn") == "undefined"
    assert browser.run("document.querySelectorAll('figure > svg').length") > 0
    assert browser.run("[...document.querySelectorAll('figure > svg')].some((svg) => !svg.getClientRects().length"
                       " && !svg.closest('details:not([open])'))") is False  # fmt: skip
    assert browser.run("document.documentElement.scrollWidth") <= PHONE


def test_a_figure_is_saved_as_svg_and_as_png(browser: Chromium, folder: Path, tmp_path: Path) -> None:
    path = folder / "streams.html"
    browser.look()
    browser.open(path if path.exists() else write_page_of("streams", folder))
    browser.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path), eventsEnabled=True)
    saved = {kind: tmp_path / f"streams.{kind}" for kind in ("svg", "png")}
    for place in range(len(saved)):
        browser.click('figure[data-name="streams"] .save button', place)
    browser.until(lambda: all(path.exists() for path in saved.values()))
    assert ElementTree.parse(saved["svg"]).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert saved["png"].read_bytes().startswith(b"\x89PNG\r\n")
    assert browser.complaints() == []
