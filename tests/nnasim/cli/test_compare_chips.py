"""`compare-chips`: a tiny recogniser's calls on two presets and a changed one."""

import csv
import json
from pathlib import Path

import pytest

from nnasim.cli.main import main
from nnasim.ir.io import read_result, write_record
from tests.nnasim.cli.test_compare_results import TINY
from workloads.rnnt.builder import build_trace

FAST = "edge256 host.handoff_us=5 dram.bytes_per_second=12e9"


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    write_record(tmp_path / "trace.json", build_trace(TINY, 3, 1, system="aat"))
    return "trace.json"


@pytest.fixture
def folder(trace: str) -> Path:
    assert main(["compare-chips", "edge256", FAST, "edge512", "--trace", trace, "--out", "chips"]) == 0
    return Path("chips")


def test_each_chip_has_the_figures_that_simulate_gives(folder: Path, trace: str) -> None:
    chips = json.loads((folder / "chips.json").read_text())["chips"]
    alone = ["simulate", trace, "--set", "host.handoff_us=5", "--set", "dram.bytes_per_second=12e9", "--out", "r.json"]
    assert main(alone) == 0
    label = "edge256, dram 12 GB/s, handoff 5 us"
    assert sorted(chips) == sorted([label, "edge256, dram 3.75 GB/s, handoff 50 us", "edge512"])
    result = read_result(folder / chips[label]["result"])
    assert result.totals == read_result("r.json").totals
    assert chips[label]["handoffs"] == result.totals.handoffs


def test_only_fields_that_differ_are_listed(folder: Path) -> None:
    table = (folder / "differences.csv").read_text()
    rows = {row[0]: row[1:] for row in csv.reader(table.splitlines())}
    assert rows["host.handoff_us"] == ["us", "50.0", "5.0", "35.0"]
    assert rows["numerics.activation"] == ["", "lut8", "lut8", "lut16"]
    assert "sram.banks" not in rows
    page = (folder / "report.html").read_text()
    assert "Chips side by side" in page
    assert "In what they differ" in page
    assert "other fields have one value on all of them" in page


def test_no_word_is_said_of_dashes_that_a_page_lacks_and_units_are_not_broken(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "A dash means" not in page
    assert '<td class="text short"><bdi>cycle/element</bdi></td>' in page


def test_many_chips_have_a_title_that_can_be_read_and_on_a_terminal_the_names_of_what_differs(
    trace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    chips = ["edge256", "edge512", "mcu128", "tpu_like"]
    assert main(["compare-chips", *chips, "--trace", trace, "--out", "chips"]) == 0
    said = capsys.readouterr().out
    assert "They differ in" in said
    assert "<h1><bdi>edge256, edge512, mcu128, tpu_like</bdi></h1>" in Path("chips/report.html").read_text()
    assert max(map(len, said.splitlines())) <= 80


def test_a_trace_runs_in_each_chips_own_arithmetic(folder: Path) -> None:
    numerics = {read_result(path).numerics_hash for path in (folder / "results").iterdir()}
    assert len(numerics) == 2


def test_the_folder_can_be_made_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["rerun", str(folder)]) == 0
    assert capsys.readouterr().out.endswith("identical: every figure is the same\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["edge256"], "compare-chips: chips = 1: must be two chips or more"),
        (["edge256", "edge256"], "compare-chips: chip 2 = 'edge256': is the same as chip 1, edge256"),
        (["edge256", "edge9000"], "preset = 'edge9000': known are edge256"),
        (["edge256", "edge256 clock=3"], "chip 2: clock = 'clock=3': unknown key, did you mean clock_hz?"),
        (["edge256", "edge256 clock_hz=-1"], "chip 2: clock_hz = -1: must be"),
        (["edge256", ""], "preset = '': known are"),
        (["edge256", "trace.json"], "it seems to be a trace"),
    ],
)
def test_what_is_no_comparison_is_refused_in_one_line(
    trace: str, arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare-chips", *arguments, "--trace", trace, "--out", "chips"]) == 2
    said = capsys.readouterr()
    assert line in said.err
    assert said.err.count("\n") == 1
    assert not Path("chips").exists()


def test_an_option_of_decoding_is_refused_beside_a_trace(trace: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["compare-chips", "edge256", FAST, "--trace", trace, "--limit", "3", "--out", "chips"]
    assert main(arguments) == 2
    assert "is not used with --trace" in capsys.readouterr().err


def test_words_stand_beside_cost_where_speech_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torchaudio")
    monkeypatch.chdir(tmp_path)
    assert main(["compare-chips", "edge256", "edge256 numerics.cell_bits=16", "--limit", "1", "--out", "chips"]) == 0
    chips = json.loads(Path("chips/chips.json").read_text())["chips"]
    assert all(figures["wer"] is not None for figures in chips.values())
    assert [row["field"] for row in json.loads(Path("chips/chips.json").read_text())["differences"]] == [
        "numerics.cell_bits"
    ]
    assert Path("chips/hypotheses.csv").exists()
