"""The road that needs no torch: a shape becomes a trace, a chip runs it, a page shows it."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nnasim.cli.main import main
from nnasim.hardware import load_preset
from nnasim.ir.io import read_result, read_trace, write_record
from nnasim.pipeline import simulate
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import load_shape

ROOT = Path(__file__).parents[2]
SHAPE = """
name: small
input_features: 24
frame_ms: 30
encoder_units: 16
encoder_before: 1
embedding: 8
prediction_units: 16
prediction_layers: 1
joint_units: 16
outputs: 12
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Traces and results of two systems on `edge256`."""
    folder = tmp_path_factory.mktemp("road")
    (folder / "small.yaml").write_text(SHAPE)
    for system in ("cpu_fallback", "aat"):
        trace, result = folder / f"{system}.trace.json", folder / f"{system}.json"
        of_shape = ["--shape", str(folder / "small.yaml"), "--frames", "4", "--symbols", "2", "--system", system]
        assert main(["trace", *of_shape, "--out", str(trace)]) == 0
        assert main(["simulate", str(trace), "--preset", "edge256", "--out", str(result)]) == 0
    return folder


def test_a_trace_of_a_shape_has_its_frames_and_symbols(folder: Path) -> None:
    (utterance,) = read_trace(folder / "aat.trace.json").utterances
    assert len(utterance.arrivals) == 4
    assert len(utterance.emissions) == 2


def test_hand_offs_make_the_fallback_slower(folder: Path) -> None:
    fallback, aat = (read_result(folder / f"{system}.json") for system in ("cpu_fallback", "aat"))
    assert fallback.totals.handoffs > aat.totals.handoffs
    assert fallback.utterances[0].engine_latency_ms > aat.utterances[0].engine_latency_ms


def test_a_result_says_what_made_it(folder: Path) -> None:
    result = read_result(folder / "aat.json")
    assert result.command == f"nnasim simulate {folder / 'aat.trace.json'} --preset edge256 --out RESULT"
    assert {"nnasim", "python", "numpy", "simpy"} <= set(result.versions)
    clock = next(row for row in result.extra.parameters if row.field == "clock_hz")
    assert clock.unit == "Hz"
    assert "source" in clock.source


@pytest.mark.parametrize(
    "options",
    [
        ["--set", "dram.bytes_per_second=1.5e9", "--set", "numerics.cell_range=null"],
        ["--preset", "nvdla_small", "--endpointer-ms", "120"],
    ],
)
def test_the_command_in_a_result_makes_the_result_again(options: list[str], folder: Path, tmp_path: Path) -> None:
    result, again = tmp_path / "made.json", tmp_path / "again.json"
    assert main(["simulate", str(folder / "aat.trace.json"), *options, "--out", str(result)]) == 0
    program, *arguments = shlex.split(str(read_result(result).command))
    assert program == "nnasim"
    assert main([str(again) if word == "RESULT" else word for word in arguments]) == 0
    assert again.read_bytes() == result.read_bytes()


def test_the_same_command_writes_the_same_bytes_wherever_it_runs(folder: Path, tmp_path: Path) -> None:
    results = []
    for name, seed in (("a", "1"), ("b", "2")):
        (tmp_path / name).mkdir()
        command = ["simulate", str(folder / "aat.trace.json"), "--preset", "edge256", "--out", f"{name}.json"]
        subprocess.run(
            [sys.executable, "-m", "nnasim.cli.main", *command],
            cwd=tmp_path / name, check=True,
            env={"PYTHONHASHSEED": seed, "LC_ALL": "C", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
            capture_output=True,
        )  # fmt: skip
        results.append((tmp_path / name / f"{name}.json").read_bytes())
    assert results[0] == results[1]
    assert results[0] == (folder / "aat.json").read_bytes()


@pytest.mark.parametrize("sram", ["sram.bytes=4096", "sram.bytes=6000", "sram.bytes=393216"])
def test_a_trace_costs_the_same_in_memory_and_read_back(sram: str, folder: Path, tmp_path: Path) -> None:
    """A file sorts the graphs by name; the order in which weights are placed and loaded does not hang on it."""
    chip = load_preset("edge256", [sram, "sram.weight_tile_bytes=512"])
    trace = build_trace(load_shape(str(folder / "small.yaml")), 4, 2)
    write_record(tmp_path / "made.json", trace)
    built, stored = simulate(trace, chip), simulate(read_trace(tmp_path / "made.json"), chip)
    assert (built.totals, built.blocks, built.frames) == (stored.totals, stored.blocks, stored.frames)


def test_an_override_reaches_the_chip_and_is_named(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "slow.json"
    trace = str(folder / "aat.trace.json")
    assert main(["simulate", trace, "--set", "dram.bytes_per_second=1e8", "--out", str(out)]) == 0
    slow, usual = read_result(out), read_result(folder / "aat.json")
    assert slow.hardware["dram"]["bytes_per_second"] == 1e8
    assert slow.totals.nna_cycles > usual.totals.nna_cycles
    row = next(row for row in slow.extra.parameters if row.field == "dram.bytes_per_second")
    assert (row.value, row.source) == (1e8, "override")


def test_a_report_shows_results_side_by_side(folder: Path, tmp_path: Path) -> None:
    names = [str(folder / f"{system}.json") for system in ("cpu_fallback", "aat")]
    assert main(["report", *names, "--out", str(tmp_path / "both.html")]) == 0
    html = (tmp_path / "both.html").read_text()
    assert "cpu_fallback" in html
    assert html.count("<svg") == 2 + 5 * 2 + 1  # what each waits for; one utterance has no distribution of its latency


@pytest.mark.parametrize("command", ["simulate", "report"])
def test_an_existing_output_is_refused_and_kept(
    command: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "there"
    out.write_text("precious")
    source = {"simulate": "aat.trace.json", "report": "aat.json"}[command]
    assert main([command, str(folder / source), "--out", str(out)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert out.read_text() == "precious"
    assert main([command, str(folder / source), "--out", str(out), "--force"]) == 0
    assert out.read_text() != "precious"


def _mutants(text: str) -> dict[str, str]:
    data = json.loads(text)
    return {
        "truncated": text[: len(text) // 2],
        "empty": "",
        "a list": "[]",
        "another kind": json.dumps({**data, "kind": "nnasim.other"}),
        "another version": json.dumps({**data, "schema_version": 99}),
        "an unknown key": json.dumps({**data, "surprise": 1}),
        "not finite": text.replace(":1.0", ":NaN", 1) if ":1.0" in text else "NaN",
        "deep": "[" * 100_000,
    }


@pytest.mark.parametrize("mutant", _mutants("{}"))
@pytest.mark.parametrize("command", ["simulate", "report"])
def test_a_foreign_or_broken_file_is_one_line(
    command: str, mutant: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = {"simulate": "aat.trace.json", "report": "aat.json"}[command]
    (tmp_path / "bad.json").write_text(_mutants((folder / source).read_text())[mutant])
    assert main([command, str(tmp_path / "bad.json"), "--out", str(tmp_path / "out")]) == 2
    complaint = capsys.readouterr().err
    assert "bad.json" in complaint
    assert complaint.count("\n") == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "bad.json"]
