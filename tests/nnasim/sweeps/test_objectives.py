"""Figures of a point over several utterances and traces."""

import csv

from nnasim.cli.main import main
from nnasim.hardware import load_preset
from nnasim.ir.result import FrameTimes, SimResult
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate
from nnasim.sweeps.objectives import chip_figures
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES

CHIP = load_preset("edge256")


def of_frames(utterance: list[int], arrival: list[int], end: list[int]) -> SimResult:
    """A result whose frames arrive and end at these cycles."""
    work = build_trace(SHAPES["rnnt-mlperf"], 2, 0)
    frames = FrameTimes(
        utterance=tuple(utterance), frame=tuple(range(len(end))), arrival=tuple(arrival), start=tuple(arrival),
        end=tuple(end),
    )  # fmt: skip
    return simulate(work, CHIP).model_copy(update={"frames": frames})


def test_a_frame_is_late_when_the_next_one_of_its_utterance_is_there_before_its_end() -> None:
    figures = chip_figures([of_frames([0, 0, 0], [0, 10, 20], [11, 20, 99])], CHIP)
    assert figures["late_frames"] == 1 / 2  # the last one has no next one


def test_the_last_frame_of_an_utterance_is_never_late_for_the_first_of_the_next() -> None:
    """Each utterance begins at its own cycle 0, so an end at 99 says nothing about an arrival at 0."""
    figures = chip_figures([of_frames([0, 0, 1, 1], [0, 10, 0, 10], [9, 99, 9, 99])], CHIP)
    assert figures["late_frames"] == 0
    assert chip_figures([of_frames([0, 1, 2], [0, 0, 0], [9, 9, 9])], CHIP)["late_frames"] is None


def twice(trace: OpTrace) -> OpTrace:
    again = trace.utterances[0].model_copy(update={"id": "again"})
    return trace.model_copy(update={"utterances": (*trace.utterances, again)})


def test_two_equal_utterances_have_the_share_of_late_frames_of_one() -> None:
    chip = load_preset("edge256", ["host.handoff_us=20000"])
    trace = build_trace(SHAPES["rnnt-mlperf"], 6, 2, system="cpu_fallback")
    single, double = (chip_figures([simulate(work, chip)], chip)["late_frames"] for work in (trace, twice(trace)))
    assert single == double
    assert 0 < single <= 1  # type: ignore[operator]


def test_a_sweep_names_what_its_chips_have_no_unit_for(write_study, tmp_path, capsys) -> None:
    study = write_study(axes={"numerics.activation": {"list": ["none", "lut8"]}})
    store, out, page = (str(tmp_path / name) for name in ("s.sqlite", "points.csv", "page.html"))
    assert main(["sweep", str(study), "--store", store, "--jobs", "1"]) == 0
    assert "1 ran on the CPU what their chip has no unit for" in capsys.readouterr().out
    assert main(["sweep-export", store, "--out", out]) == 0
    rows = {
        row["numerics.activation"]: row for row in csv.DictReader((tmp_path / "points.csv").read_text().splitlines())
    }
    assert set(rows["none"]["fallback"].split()) == {"add", "sigmoid", "tanh", "mul", "embedding", "argmax"}
    assert rows["lut8"]["fallback"] == ""
    assert int(rows["none"]["handoffs"]) > int(rows["lut8"]["handoffs"])
    assert main(["sweep-report", store, "--out", page]) == 0
    assert "that their chip has no unit for" in (tmp_path / "page.html").read_text()


def test_a_cpu_that_waits_for_the_dram_is_not_the_bottleneck() -> None:
    trace = build_trace(SHAPES["rnnt-mlperf"], 2, 0, system="float")
    for rate, limit in (("3.75e9", "dram"), ("100e9", "cpu")):
        chip = load_preset("edge256", [f"dram.bytes_per_second={rate}"])
        figures = chip_figures([simulate(trace, chip)], chip)
        assert figures["bottleneck"] == limit
        assert figures[f"busy.{limit}"] > 0.95  # type: ignore[operator]
        assert figures["busy.handoff"] == 0
