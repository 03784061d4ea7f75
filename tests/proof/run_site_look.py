"""Look at every page of the built site in headless Chromium: ``python -m tests.proof.run_site_look [SITE]``.

Each page is opened from its file on a desktop and on a phone, light and dark. Told are pages that are wider than the
window, pictures that did not load, requests of the network, errors of the console; and whether the search finds a word.
Exit code 1 where anything is told. ``--pictures DIR`` keeps what was seen. ``make docs`` builds the site.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.proof.docs_commands import ROOT
from tests.reports.chromium import Chromium

SITE = ROOT / "docs" / "_build" / "html"
LOOKS = {"desktop": (1440, 900), "phone": (390, 844)}
SEARCHED = "requantise"
TALLEST = 12_000  # of a page whose picture is of all of it
TOO_WIDE = "document.scrollingElement.scrollWidth > innerWidth + 1"
NOT_LOADED = "[...document.images].filter(image => !image.complete || !image.naturalWidth).map(image => image.src)"
WIDE_CELLS = """[...document.querySelectorAll('article *')].filter(
  element => element.getBoundingClientRect().right > innerWidth + 1
    && !element.closest('.table-wrapper, .highlight, pre, .math-wrapper')).map(
  element => element.tagName + ' ' + element.textContent.trim().slice(0, 40)).slice(0, 3)"""


def looked_at(browser: Chromium, page: Path, pictures: Path | None) -> Iterator[str]:
    """What is wrong with one page."""
    for device, size in LOOKS.items():
        for dark in (False, True):
            look = f"{device}, {'dark' if dark else 'light'}"
            browser.look(*size, dark=dark)
            browser.open(page)
            if browser.run(TOO_WIDE):
                yield f"{look}: is wider than the window: {browser.run(WIDE_CELLS)}"
            yield from (f"{look}: not loaded: {source}" for source in browser.run(NOT_LOADED))
            yield from (f"{look}: {said}" for said in troubles(browser))
            if pictures:
                whole = browser.run("document.scrollingElement.scrollHeight") < TALLEST
                browser.shoot(pictures / f"{page.stem}-{device}-{'dark' if dark else 'light'}.png", whole=whole)


def troubles(browser: Chromium) -> list[str]:
    """Errors of the console and requests of anything but files."""
    return [said for said in browser.complaints() if not said.startswith("asked for file:")]


def found(browser: Chromium, site: Path, word: str) -> int:
    """How many pages the site's own search finds, opened from its file without a network."""
    browser.look()
    browser.ask("Page.navigate", url=f"{(site / 'search.html').as_uri()}?q={word}")
    browser.wait("document.querySelector('#search-results .search-summary')?.innerText.includes('finished')")
    return int(browser.run("document.querySelectorAll('#search-results li').length"))


def main(arguments: list[str]) -> int:
    """Look at the site; the number of things that are wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path, nargs="?", default=SITE)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--only", default="", help="pages whose path holds this")
    given = parser.parse_args(arguments)
    if given.pictures:
        given.pictures.mkdir(parents=True, exist_ok=True)
    site, wrong = given.site.resolve(), 0
    with Chromium() as browser:
        pages = [page for page in sorted(site.rglob("*.html")) if given.only in str(page.relative_to(site))]
        for page in pages:
            for said in looked_at(browser, page, given.pictures):
                wrong += 1
                print(f"{page.relative_to(site)}: {said}", flush=True)
        print(f"{len(pages)} pages looked at; the search finds {found(browser, site, SEARCHED)} pages for {SEARCHED!r}")
    return wrong


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
