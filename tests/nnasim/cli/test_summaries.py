"""What commands print to be read: at most 15 lines of 80 columns, no colour; with --json - nothing but JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from nnasim.cli import bench
from nnasim.cli.main import main
from nnasim.ir.io import write_record
from nnasim.markup import columns
from tests.nnasim.cli.test_compare_results import TINY
from workloads.rnnt.builder import build_trace

SWEEP = """base: edge256
traces: [trace.json]
axes: {host.handoff_us: {list: [5, 50]}, dram.bytes_per_second: {list: [1.0e9, 4.0e9]}}
objectives: [engine_latency_ms.p90, energy_mj]
sampler: grid
"""
COMMANDS: dict[str, list[str]] = {
    "simulate": ["simulate", "trace.json"],
    "compare": ["compare", "--trace", "trace.json"],
    "sweep": ["sweep", "sweep.yaml", "--store", "s.sqlite", "--jobs", "1"],
    "validate": ["validate", "--reference", "systolic.csv"],
}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_record(tmp_path / "trace.json", build_trace(TINY, 5, 1, system="aat"))
    Path("sweep.yaml").write_text(SWEEP)
    rows = [f"{flow},4,4,{m},8,8,1" for flow in ("os", "ws", "is") for m in (1, 2, 3)]
    Path("systolic.csv").write_text("\n".join(["dataflow,rows,cols,m,n,k,compute_cycles", *rows, ""]))


def arguments(command: str, *more: str) -> list[str]:
    out = [] if command == "sweep" else ["--out", "out"]
    return [*COMMANDS[command], *out, *more]


@pytest.mark.parametrize("command", ["simulate", "compare", "sweep"])
def test_a_summary_is_short_narrow_and_plain(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(command)) == 0
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert 3 < len(lines) <= 15
    assert max(map(len, lines[1:])) <= 80
    assert "\x1b" not in text
    for word in ("bottleneck", "energy"):
        assert word in text


@pytest.mark.parametrize("command", ["simulate", "compare", "sweep"])
def test_figures_alone_are_json_and_quiet_is_silent(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(command, "--json", "-")) == 0
    assert isinstance(json.loads(capsys.readouterr().out), dict)
    again = ["--force"] if command != "sweep" else []
    assert main(arguments(command, "--quiet", *again)) == 0
    assert capsys.readouterr().out == ""


def test_a_comparison_without_energy_or_with_one_frame_is_still_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    write_record("one.json", build_trace(TINY, 1, 0, system="aat"))
    bare = ["--set", "energy=null", "--set", "area=null"]
    assert main(["compare", "--trace", "one.json", "--systems", "aat", *bare, "--out", "bare"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert not [line for line in lines if line.startswith("energy")]
    assert [line for line in lines if line.startswith("costliest")]


def test_a_narrow_terminal_loses_columns_and_no_digit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert columns() == 50
    assert main(["compare", "--trace", "trace.json", "--out", "narrow"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 15
    assert max(map(len, lines)) <= 50


def test_many_figures_of_speed_are_cut_to_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    figure: dict[str, Any] = {"value": 1234.5678, "unit": "s", "compared_with": "another tool " * 9, "ratio": 12.3456}
    bench._show({f"a_figure_with_a_name_that_is_quite_long_{n}": figure for n in range(30)})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 15
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "and 16 more in the file"


def test_groups_of_a_measured_table_are_cut_to_those_that_are_furthest_off() -> None:
    from reports.validation import in_short

    def group(error: float) -> dict[str, Any]:
        return {
            "rows": 3, "exact_rows": 1, "mean_abs_error_pct": error, "max_abs_error_pct": 2 * error,
            "roofline_mean_abs_error_pct": 10.0,
        }  # fmt: skip

    lines = in_short({**group(1.0), "groups": {f"group {n} of a long name it has": group(n) for n in range(20)}})
    assert len(lines.splitlines()) <= 14
    assert max(map(len, lines.splitlines())) <= 80
    assert "and 10 that are less off" in lines
    assert "group 19" in lines
    assert "group 3 " not in lines
