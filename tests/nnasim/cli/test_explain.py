"""`explain`: of a trace and of a result, on the terminal, as Markdown and on a page."""

from pathlib import Path

import pytest

from nnasim.cli.main import main
from nnasim.hardware import load_preset
from nnasim.ir.io import read_result, write_record
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    name="tiny", input_features=16, frame_ms=40, encoder_units=16, encoder_before=1, embedding=8,
    prediction_units=16, prediction_layers=1, joint_units=16, outputs=8,
)  # fmt: skip


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    numerics = load_preset("edge256").numerics
    write_record("trace.json", build_trace(SHAPE, 4, 2, system="cpu_fallback", numerics=numerics))
    return Path("trace.json")


def test_a_trace_is_explained_within_80_columns_and_without_colour(
    trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(trace), "--markdown", "why.md", "--out", "explained.json", "--all"]) == 0
    text = capsys.readouterr().out
    for heading in ("Where one frame's time goes", "What would help", "Why operations are", "Which assumptions decide"):
        assert heading in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "### What would help" in Path("why.md").read_text(encoding="utf-8")
    assert "--set host.handoff_us=0" in text

    explanation = read_result("explained.json").explanation
    assert explanation is not None
    assert explanation.complete
    assert main(["report", "explained.json", "--out", "page.html"]) == 0
    page = Path("page.html").read_text(encoding="utf-8")
    assert "What it waits for" in page
    assert "Which assumptions decide" in page


def test_a_result_finds_its_trace_by_its_command_and_says_where_it_cannot(
    trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", str(trace), "--set", "host.handoff_us=7", "--out", "result.json"]) == 0
    assert main(["explain", str(trace), "--set", "host.handoff_us=7", "--all"]) == 0
    by_trace = capsys.readouterr().out.partition("cpu_fallback on edge256\n\nWhere")[2]
    assert main(["explain", "result.json", "--all"]) == 0
    assert capsys.readouterr().out.partition("cpu_fallback on edge256\n\nWhere")[2] == by_trace

    trace.rename("elsewhere.json")
    assert main(["explain", "result.json", "--all"]) == 0
    alone = capsys.readouterr().out
    assert "was not found" in alone
    assert "Where one frame's time goes" in alone
    assert "What would help" in alone  # the result has it itself
    assert "Which assumptions decide" not in alone
    assert main(["explain", "result.json", "--trace", "elsewhere.json", "--all"]) == 0
    assert "What would help" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["result.json", "--preset", "edge512"], "is not the chip of result.json"),
        (["trace.json", "--trace", "trace.json"], "is not used with a trace"),
        (["result.json", "--trace", "other.json"], "is not the trace that ran"),
        (["trace.json", "--set", "dram.speed=3"], "dram.speed"),
        (["nothing.json"], "nothing.json"),
    ],
)
def test_what_cannot_be_explained_is_one_line(
    trace: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    numerics = load_preset("edge256").numerics
    write_record("other.json", build_trace(SHAPE, 2, 1, system="aat", numerics=numerics))
    assert main(["simulate", str(trace), "--out", "result.json"]) == 0
    capsys.readouterr()
    assert main(["explain", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1


def test_the_result_of_a_comparison_is_shown_beside_its_words(
    trace: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["compare", "--trace", str(trace), "--out", "demo"]) == 0
    assert main(["explain", "demo/results/aat.json", "--all"]) == 0
    text = capsys.readouterr().out
    assert "Which assumptions decide" in text  # what ran stands in the folder


def test_a_result_has_what_would_help_without_being_asked_where_that_costs_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from nnasim.studies.explaining import in_brief

    monkeypatch.chdir(tmp_path)
    write_record(tmp_path / "trace.json", build_trace(SHAPE, 3, 1, system="aat"))
    assert main(["simulate", "trace.json", "--out", "result.json", "--quiet"]) == 0
    assert main(["explain", "trace.json", "--out", "explained.json", "--quiet"]) == 0
    brief, whole = (read_result(tmp_path / name).explanation for name in ("result.json", "explained.json"))
    assert brief is not None
    assert whole is not None
    assert brief.what_ifs
    assert (brief.base, brief.what_ifs, brief.path) == (whole.base, whole.what_ifs, whole.path)
    assert not brief.complete
    assert not brief.swings
    assert main(["report", "result.json", "--out", "page.html"]) == 0
    page = (tmp_path / "page.html").read_text()
    assert "What would help" in page
    assert "Which assumptions decide" not in page
    monkeypatch.setattr(in_brief, "MOST_STEPS", 1)
    assert main(["simulate", "trace.json", "--out", "short.json", "--quiet"]) == 0
    short = read_result(tmp_path / "short.json").explanation
    assert short is not None
    assert short.base is None


def test_a_result_of_version_0_1_says_why_it_cannot_be_run_again(capsys: pytest.CaptureFixture[str]) -> None:
    stored = Path(__file__).parents[2] / "version_0_1" / "result.json"
    assert main(["explain", str(stored)]) == 0
    assert "fields of another version" in " ".join(capsys.readouterr().out.split())
