"""What commands print: a summary to read, figures for another program, or nothing."""

import json
from pathlib import Path

import pytest

from nnasim.cli.main import main
from nnasim.ir.io import read_result, write_record
from nnasim.sweeps.objectives import KNOWN
from tests.nnasim.cli.test_compare_results import TINY
from workloads.rnnt.builder import build_trace

SIMULATE = ["simulate", "trace.json", "--out", "result.json"]


@pytest.fixture(autouse=True)
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_record(tmp_path / "trace.json", build_trace(TINY, 5, 1, system="aat"))


def test_a_summary_has_at_most_15_lines_of_80_columns_below_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(SIMULATE) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 15
    assert max(map(len, lines[1:])) <= 80
    named = [line.split("  ")[1] for line in lines[1:]]
    assert named == [
        "frame latency", "engine latency", "real-time factor", "bottleneck", "used", "energy", "costliest",
    ]  # fmt: skip


def test_figures_alone_are_json_with_the_names_of_sweeps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SIMULATE, "--json", "-"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["handoffs"] == read_result("result.json").totals.handoffs
    assert {"rtf", "frame_latency_ms.p99", "energy_mj"} <= figures.keys() & KNOWN.keys()


def test_figures_go_to_a_file_beside_the_lines_or_quietly(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SIMULATE, "--json", "figures.json"]) == 0
    assert capsys.readouterr().out
    assert main([*SIMULATE, "--force", "--json", "figures.json", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert "rtf" in json.loads(Path("figures.json").read_text())


def test_what_is_printed_is_no_part_of_the_record() -> None:
    assert main(SIMULATE) == 0
    once = Path("result.json").read_bytes()
    assert main([*SIMULATE, "--force", "--quiet", "--json", "figures.json"]) == 0
    assert Path("result.json").read_bytes() == once


def test_quiet_beside_figures_that_are_to_be_printed_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SIMULATE, "--json", "-", "--quiet"]) == 2
    assert "--quiet = True: is not used with --json -" in capsys.readouterr().err
    assert not Path("result.json").exists()


def test_a_file_that_is_there_is_kept_and_nothing_runs(capsys: pytest.CaptureFixture[str]) -> None:
    Path("figures.json").write_text("mine")
    assert main([*SIMULATE, "--json", "figures.json"]) == 2
    assert Path("figures.json").read_text() == "mine"
    assert not Path("result.json").exists()


def test_compare_and_sweep_print_their_figures_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--trace", "trace.json", "--systems", "aat", "--out", "folder", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(Path("folder/summary.json").read_text())
    Path("sweep.yaml").write_text(
        "base: edge256\ntraces: [trace.json]\naxes: {host.handoff_us: {list: [5, 50]}}\n"
        "objectives: [engine_latency_ms.p90]\nsampler: grid\n"
    )
    assert main(["sweep", "sweep.yaml", "--store", "s.sqlite", "--jobs", "1", "--json", "-"]) == 0
    tally = json.loads(capsys.readouterr().out)
    assert (tally["total"], tally["ok"], tally["failed"]) == (2, 2, 0)
    assert main(["sweep", "sweep.yaml", "--store", "s.sqlite", "--jobs", "1", "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_a_command_is_not_taken_for_the_option_of_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--recipe", "tiny", "--train", "a", "--dev", "b", "--out", "c", "--json", "-", "--quiet"]
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("nnasim: train: --quiet = True: is not used with --json -")
