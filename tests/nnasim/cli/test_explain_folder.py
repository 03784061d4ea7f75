"""`explain` of a folder of `compare` or `compare-chips`: each result explained, beside each other."""

import json
import shlex
from pathlib import Path

import pytest

import nnasim
from nnasim.cli.main import main
from nnasim.ir.io import read_result, write_record
from nnasim.ir.trace import OpTrace
from reports.set_line import set_line
from tests.nnasim.cli.test_compare_results import TINY
from workloads.rnnt.builder import build_trace

CHIPS = ["edge256", "edge256 host.handoff_us=5 dram.bytes_per_second=12e9", "nvdla_small", "edge512"]


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpTrace:
    monkeypatch.chdir(tmp_path)
    trace = build_trace(TINY, 3, 1, system="aat")
    write_record(tmp_path / "trace.json", trace)
    return trace


@pytest.fixture
def chips(trace: OpTrace) -> Path:
    assert main(["compare-chips", *CHIPS, "--trace", "trace.json", "--out", "chips"]) == 0
    return Path("chips")


@pytest.fixture
def systems(trace: OpTrace) -> Path:
    assert main(["compare", "--trace", "trace.json", "--out", "systems"]) == 0
    return Path("systems")


def test_what_would_help_on_each_chip_is_simulate_there_with_the_line_that_is_shown(chips: Path) -> None:
    figures = json.loads((chips / "chips.json").read_text())["chips"]
    for measured, chip in zip(sorted(figures.values(), key=lambda each: each["result"]), CHIPS, strict=True):
        waits = measured["waits"]
        assert sum(waits["by_cause_ms"].values()) > 0
        preset, *changes = chip.split()
        trace = f"{chips}/traces/{4 if preset == 'edge512' else 3 if preset == 'nvdla_small' else 1}.json"
        what_if = next(w for w in waits["what_ifs"] if w["limit"] == "infinite DRAM bandwidth")
        sets = [word for change in changes for word in ("--set", change)]
        more = shlex.split(set_line(what_if["changes"]))
        assert main(["simulate", trace, "--preset", preset, *sets, *more, "--out", "r.json", "--force"]) == 0
        again = read_result("r.json").explanation
        assert again is not None
        assert again.base is not None
        assert again.base.model_dump() == what_if["figures"]


def test_equal_traces_are_kept_once(chips: Path) -> None:
    assert sorted(path.name for path in (chips / "traces").iterdir()) == ["1.json", "3.json", "4.json"]


@pytest.mark.parametrize("kind", ["chips", "systems"])
def test_a_folder_is_explained_and_its_page_says_it_again(
    kind: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = request.getfixturevalue(kind)
    page = (folder / "report.html").read_text()
    for words in ("What each waits for, and what would help", "What each change would buy", "Each of the"):
        assert words in page
    capsys.readouterr()
    options = ["--out", "explained", "--markdown", "why.md", "--figures", "figures"]
    assert main(["explain", str(folder), *options]) == 0
    text = capsys.readouterr().out
    assert " saves " in text
    assert max(map(len, text.splitlines())) <= 80
    assert "Which assumptions decide" in Path("why.md").read_text()
    assert "causes.svg" not in Path("why.md").read_text()
    assert Path("figures/causes.svg").exists()
    for path in sorted(Path("explained/results").iterdir()):
        explanation = read_result(path).explanation
        assert explanation is not None
        assert explanation.complete
    assert "Which assumptions decide" in Path("explained/report.html").read_text()
    capsys.readouterr()
    assert main(["rerun", "explained"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "identical: every figure is the same"


def test_a_result_of_a_folder_is_explained_by_itself_wherever_the_first_trace_went(chips: Path, systems: Path) -> None:
    Path("trace.json").unlink()
    for result in ("chips/results/3.json", "systems/results/cpu_fallback.json"):
        assert main(["explain", result, "--out", "one.json", "--force", "--quiet"]) == 0
        explanation = read_result("one.json").explanation
        assert explanation is not None
        assert explanation.complete


def test_a_folder_of_an_earlier_version_is_explained_by_the_trace_of_its_command(systems: Path) -> None:
    for path in (systems / "traces").iterdir():
        path.unlink()
    assert main(["explain", "systems/results/cpu_fallback.json", "--out", "one.json", "--quiet"]) == 0
    explanation = read_result("one.json").explanation
    assert explanation is not None
    assert explanation.complete


def test_without_any_trace_the_folder_says_what_it_can(systems: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("trace.json").unlink()
    for path in (systems / "traces").iterdir():
        path.write_text("{")
    capsys.readouterr()
    assert main(["explain", "systems"]) == 0
    assert capsys.readouterr().out.startswith("Nothing was run again: ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--preset", "edge512"], "--preset = 'edge512': is not used with a folder"),
        (["--words"], "--words = True: is not used with a folder"),
    ],
)
def test_what_a_folder_has_no_use_for_is_refused(
    options: list[str], said: str, systems: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "systems", *options]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_of_something_else_is_refused(trace: OpTrace, capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    assert main(["explain", "empty"]) == 2
    assert "is no folder of nnasim compare or nnasim compare-chips" in capsys.readouterr().err


def test_in_python_a_comparison_explains_itself(trace: OpTrace, tmp_path: Path) -> None:
    compared = nnasim.compare(trace=trace, systems=["cpu_fallback", "naive"])
    explained = compared.explain()
    assert set(explained.what_ifs().index.get_level_values("result")) == {"cpu_fallback", "naive"}
    assert set(explained.on_cpu().index.get_level_values("result")) == {"cpu_fallback", "naive"}
    one = compared.results["naive"].explain()
    assert one.explanation == explained.results["naive"].explanation
    assert " saves " in repr(explained)
    assert "<svg" in explained._repr_html_()
    assert "Which assumptions decide" in explained.markdown()
    explained.report("why.html")
    compared.save("folder")
    read = nnasim.read_comparison("folder").explain()
    assert read.results["naive"].explanation == one.explanation


def test_in_python_chips_explain_themselves(trace: OpTrace) -> None:
    today = nnasim.preset("edge256")
    explained = nnasim.compare_chips({"today": today, "fast": today.with_({"dram.bytes_per_second": 25e9})}, trace)
    frame = explained.explain().path()
    assert set(frame.index.get_level_values("result")) == {"today", "fast"}
