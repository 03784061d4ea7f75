"""A command that loads what nobody means says so in one line on stderr, and goes on."""

import json
from pathlib import Path

import pytest

from nnasim.cli.main import main

SHAPE = """
input_features: 24
frame_ms: {frame_ms}
encoder_units: 16
encoder_before: 2
embedding: 8
prediction_units: 16
prediction_layers: 1
joint_units: 16
outputs: 12
"""


@pytest.fixture
def trace(tmp_path: Path) -> str:
    (tmp_path / "shape.yaml").write_text(SHAPE.format(frame_ms=30))
    words = ["trace", "--shape", str(tmp_path / "shape.yaml"), "--frames", "4", "--symbols", "1"]
    assert main([*words, "--out", str(tmp_path / "t.json")]) == 0
    return str(tmp_path / "t.json")


def warnings(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = capsys.readouterr().err.splitlines()
    return [line for line in lines if line.startswith("nnasim: warning:")]


def test_a_clock_in_mhz_is_told_and_runs(trace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", trace, "--out", str(tmp_path / "r.json")]
    assert main([*words, "--set", "clock_hz=500"]) == 0
    (line,) = warnings(capsys)
    assert "clock_hz = 500 is in Hz" in line
    assert "500 MHz, which is 5e8" in line
    assert main([*words, "--force"]) == 0
    assert warnings(capsys) == []


def test_a_bandwidth_at_which_nothing_ends_is_refused_in_one_line_that_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "t.json"
    words = ["trace", "--shape", "rnnt-paper", "--frames", "2", "--symbols", "0", "--out", str(trace)]
    assert main(words) == 0
    capsys.readouterr()
    words = ["simulate", str(trace), "--out", str(tmp_path / "r.json"), "--set", "dram.bytes_per_second=4"]
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("nnasim: dram.bytes_per_second = 4 is in bytes a second")
    assert "4 GB/s, which is 4e9" in line


def test_frames_in_seconds_are_told_when_they_are_made_and_when_they_are_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shape.yaml").write_text(SHAPE.format(frame_ms=0.03))
    words = ["trace", "--shape", str(tmp_path / "shape.yaml"), "--frames", "4", "--symbols", "1"]
    assert main([*words, "--out", str(tmp_path / "t.json")]) == 0
    (line,) = warnings(capsys)
    assert "frame_ms = 0.03 is in ms" in line
    assert "0.03 s, which is 30" in line
    assert main(["simulate", str(tmp_path / "t.json"), "--out", str(tmp_path / "r.json")]) == 0
    (line,) = warnings(capsys)
    assert "a frame's time = 0.03 is in ms" in line


def test_every_other_command_that_loads_a_chip_tells_too(
    trace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("optuna")
    assert main(["presets", "edge256", "--set", "host.handoff_us=5e-5"]) == 0
    (line,) = warnings(capsys)
    assert "host.handoff_us = 5e-5 is in us" in line
    axes = {"clock_hz": {"list": [200, 500]}, "host.handoff_us": {"list": [5]}}
    study = {"base": "edge256", "traces": [trace], "axes": axes, "objectives": ["rtf"]}
    (tmp_path / "study.yaml").write_text(json.dumps(study))
    for command in ("sweep", "search"):
        words = [command, str(tmp_path / "study.yaml"), "--store", str(tmp_path / f"{command}.sqlite"), "--jobs", "1"]
        assert main([*words, *(["--trials", "2"] if command == "search" else [])]) == 0
        assert [line.partition(" is in ")[0].rpartition("warning: ")[2] for line in warnings(capsys)] == [
            "clock_hz = 200", "clock_hz = 500",
        ]  # fmt: skip
