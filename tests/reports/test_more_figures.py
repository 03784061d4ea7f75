"""Roofline, energy, words against latency, streams: what they say of figures that are known by hand."""

from typing import Any

import pytest

from nnasim.ir.result import SimResult
from nnasim.ir.shared import Search, Tried
from reports.charts.delays import delay_chart
from reports.charts.time import block_chart, swing_chart
from reports.figures.arms import Point
from reports.figures.delays import Delayed, finding
from reports.figures.energy import energy_stack
from reports.figures.explanation import Bar as Reach
from reports.figures.placement import gain_map
from reports.figures.roofline import Layer, Roof, roofline
from reports.figures.streams import streams_per_chip
from reports.figures.words_latency import words_against_latency
from reports.operating_points import layers_of
from reports.operations import BlockShare
from reports.result_set import ResultSet
from reports.study_record import GainMap
from reports.summary import Percentiles, SystemFigures


def title(drawing: Any) -> str:
    return str(drawing.figure.axes[0].get_title(loc="left"))


def test_a_layer_is_what_its_operations_did_in_their_time(result_set: ResultSet) -> None:
    result: SimResult = result_set.results["aat"]
    op = result.ops[0].model_copy(
        update={"unit": "nna", "macs": 600, "bytes": 300, "cycles": 40, "stall_cycles": 20, "layer": "enc0"}
    )
    (layer,) = layers_of(result.model_copy(update={"ops": (op, op.model_copy(update={"bytes": 0})), "clock_hz": 1e6}))
    assert layer.intensity == 4.0
    assert round(layer.macs_per_second) == 10_000_000


def test_a_layer_whose_weights_stay_has_no_intensity_and_is_drawn_all_the_same() -> None:
    drawing = roofline("r", "t", Roof([Layer("enc0", None, 1e9), Layer("enc1", 1.0, 1e9)], 128e9, 3.75e9))
    assert "enc0" in drawing.svg


def test_the_largest_part_of_the_energy_is_named_with_its_shares() -> None:
    spread = {"dram": (1.0, 3.0, 9.0), "cpu": (0.0, 1.0, 2.0), "total": (1.0, 4.0, 11.0)}
    other = {"dram": (1.0, 2.0, 3.0), "cpu": (1.0, 2.0, 3.0), "total": (2.0, 4.0, 6.0)}
    drawing = energy_stack("e", {"a": spread, "b": other})
    assert title(drawing) == "Largest part of the energy: DRAM, 50 to 75 %"
    assert energy_stack("e", {"a": {}}) is None


def figures(wer: float | None, ms: float) -> SystemFigures:
    at = Percentiles(p50=ms, p90=ms, p99=ms, mean=ms)
    return SystemFigures(wer=wer, wer_ci=None if wer is None else (wer, wer), engine_latency_ms=at)


def test_words_against_latency_needs_two_that_were_scored() -> None:
    drawing = words_against_latency("w", {"a": figures(0.1, 9), "b": figures(0.2, 1), "c": figures(None, 0.1)})
    assert title(drawing) == "Fewest words wrong: a; soonest: b"
    alike = words_against_latency("w", {"a": figures(0.1, 9), "b": figures(0.1, 1)})
    assert title(alike) == "All get as many words wrong; soonest: b"
    two = words_against_latency("w", {"a": figures(0.1, 9), "b": figures(0.1, 1), "c": figures(0.2, 3)})
    assert title(two) == "b has fewest words wrong, and soonest"
    assert words_against_latency("w", {"a": figures(0.1, 9), "c": figures(None, 1)}) is None


def test_streams_are_compared_by_the_most_that_are_in_time() -> None:
    late, none = Tried(streams=3, p99_ms=90), Tried(streams=9, p99_ms=None)
    slow = Search(deadline_ms=60, most=2, limit="deadline", tried=(Tried(streams=2, p99_ms=50), late))
    fast = Search(deadline_ms=60, most=8, limit="sram", tried=(Tried(streams=8, p99_ms=9), none))
    assert title(streams_per_chip("s", {"a": slow, "b": fast})) == "b carries 8 streams in time, a 2"
    nothing = Search(deadline_ms=60, most=0, limit="sram", tried=(Tried(streams=1, p99_ms=None),))
    assert streams_per_chip("s", {"a": nothing}) is None


def test_a_map_says_where_the_claim_holds() -> None:
    gains = ((0.0, 1.0), (4.0, 5.5), (6.0, 9.0))
    grid = GainMap(handoffs_us=(10.0, 50.0, 70.0), bandwidths=(1e9, 2e9), gains_pct=gains, here_pct=None)
    assert title(gain_map("g", "Gain", grid)) == "Gain\n5 to 7 % (framed) at hand-offs of 50 to 70 us"


def test_an_axis_of_shares_ends_with_the_whole_and_one_of_large_numbers_has_prefixes() -> None:
    (shares,) = block_chart("b", "t", [BlockShare("dma", 0.5, 0.25, 0.25)])
    (swings,) = swing_chart("s", "t", "bytes", 6e7, [Reach("sram.bytes", 5e7, 6.65e7)])
    axes = [chart.spec["layer"][0]["encoding"]["x"]["axis"] for chart in (shares, swings)]
    assert axes[0]["values"][-1] == 100
    assert axes[1]["format"] == "~s"


def test_one_delay_has_room_around_it() -> None:
    (chart,) = delay_chart("d", {"aat": [Delayed(0.0, 120.0, Point(2.0, 1.0, 3.0))]})
    assert chart.spec["encoding"]["x"]["scale"]["domain"] == [108, 132]


@pytest.mark.parametrize(
    ("delay_ms", "when"), [(120.0, "120 ms after the word's end"), (-20.0, "20.0 ms before the word's end")]
)
def test_a_symbol_is_told_on_the_side_of_its_word_on_which_it_leaves(delay_ms: float, when: str) -> None:
    assert when in finding({"aat": [Delayed(0.01, delay_ms, Point(2.0, 1.0, 3.0))]})
