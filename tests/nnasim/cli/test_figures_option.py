"""`--figures DIR --format F`: one meaning on every command that makes a page, refused before the work."""

from pathlib import Path

import pytest

from nnasim.cli.main import main
from nnasim.ir.io import write_record
from tests.nnasim.cli.commands import options
from tests.nnasim.cli.test_compare_results import TINY
from workloads.rnnt.builder import build_trace

PAGES = {
    "compare", "compare-chips", "explain", "report", "study aat", "study delays", "study numerics", "sweep-report",
    "validate",
}  # fmt: skip


@pytest.fixture(autouse=True)
def result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_record(tmp_path / "trace.json", build_trace(TINY, 3, 1, system="aat"))
    assert main(["simulate", "trace.json", "--out", "result.json", "--quiet"]) == 0


def test_every_command_that_makes_a_page_has_both_options() -> None:
    for flag in ("--figures", "--format"):
        assert {option.command for option in options() if option.flag == flag} == PAGES


def test_a_report_and_its_figures_come_from_one_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "result.json", "--out", "page.html", "--figures", "figures", "--format", "pdf"]) == 0
    page = Path("page.html").read_text()
    names = sorted(path.stem for path in Path("figures").glob("[!.]*"))
    assert names
    assert page.count("<figure data-name=") == len(names)
    assert all(f'<figure data-name="{name}">' in page for name in names)


def test_a_page_records_the_same_command_with_figures_as_without() -> None:
    chips = ["compare-chips", "edge256", "edge512", "--trace", "trace.json"]
    assert main([*chips, "--out", "a", "--quiet"]) == 0
    assert main([*chips, "--out", "b", "--quiet", "--figures", "figures"]) == 0
    assert Path("a/chips.json").read_bytes() == Path("b/chips.json").read_bytes()
    assert all(path.suffix == ".svg" for path in Path("figures").glob("[!.]*"))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--format", "pdf"], "--format"),
        (["--figures", "new", "--format", "gif"], "svg, png, pdf"),
        (["--figures", "."], "cannot be replaced by a new one"),
        (["--figures", "result.json"], "is not a folder"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(
    more: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "result.json", "--out", "page.html", *more]) == 2
    assert why in capsys.readouterr().err
    assert not Path("page.html").exists()
