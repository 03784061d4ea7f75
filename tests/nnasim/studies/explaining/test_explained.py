"""Explanations: each figure in them is that of `simulate` with the change that is told."""

import shlex
from typing import Any

import pytest

from nnasim.analysis.percentiles import percentile
from nnasim.analysis.pooled import engine_latencies_ms, frame_latencies_ms
from nnasim.errors import NnasimError
from nnasim.hardware import NnaConfig, load_preset, preset_names
from nnasim.ir.explanation import Explanation, Figures
from nnasim.ir.result import SimResult
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate
from nnasim.studies.explaining.explain import explained
from nnasim.studies.explaining.swings import assumed_numbers, stated_range
from nnasim.studies.explaining.turns import CLOSE, CLOSE_SIZE, value_of
from nnasim.studies.explaining.variants import Variants
from nnasim.studies.provenance import parameters
from reports.set_line import set_line
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    name="streams", input_features=24, frame_ms=40, encoder_units=160, encoder_before=1, embedding=16,
    prediction_units=48, prediction_layers=1, joint_units=32, outputs=40,
)  # fmt: skip
TIGHT = ["sram.bytes=65536", "sram.weight_tile_bytes=4096", "dram.bytes_per_second=1e9", "host.handoff_us=5"]


def trace_of(system: Any, chip: NnaConfig) -> OpTrace:
    return build_trace(SHAPE, 4, 2, system=system, numerics=chip.numerics)


def figures_of(result: SimResult) -> Figures:
    assert result.explanation is not None
    assert result.explanation.path is not None
    return Figures(
        engine_ms=percentile(engine_latencies_ms(result), 50),
        frame_ms=percentile(frame_latencies_ms(result), 50),
        energy_mj=result.totals.energy_mj,
        bottleneck=result.explanation.path.bottleneck,
    )


@pytest.fixture(scope="module")
def chip() -> NnaConfig:
    return load_preset("edge256", TIGHT)


@pytest.fixture(scope="module")
def fallback(chip: NnaConfig) -> SimResult:
    return explained(trace_of("cpu_fallback", chip), chip, parameters("edge256", chip))


@pytest.fixture(scope="module")
def aat(chip: NnaConfig) -> SimResult:
    return explained(trace_of("aat", chip), chip, parameters("edge256", chip))


def explanation_of(result: SimResult) -> Explanation:
    assert result.explanation is not None
    return result.explanation


def test_each_what_if_is_simulate_with_the_line_that_is_shown(fallback: SimResult, chip: NnaConfig) -> None:
    trace, found = trace_of("cpu_fallback", chip), explanation_of(fallback)
    assert found.base == figures_of(simulate(trace, chip))
    assert {what_if.limit for what_if in found.what_ifs} >= {
        "free hand-offs", "infinite DRAM bandwidth", "no DRAM latency", "SRAM that holds all weights", "infinite MACs",
        "no fixed cost per pass", "infinite CPU",
    }  # fmt: skip
    for what_if in found.what_ifs:
        words = shlex.split(set_line(what_if.changes))
        assert words[::2] == ["--set"] * len(what_if.changes)
        changed = load_preset("edge256", [*TIGHT, *words[1::2]])
        assert figures_of(simulate(trace, changed)) == what_if.figures


@pytest.mark.parametrize("preset", preset_names())
def test_on_every_preset_each_what_if_and_each_end_of_a_range_is_a_simulation_of_its_own(preset: str) -> None:
    chip = load_preset(preset)
    trace = trace_of("aat" if chip.has_activation_unit else "cpu_fallback", chip)
    found = explanation_of(explained(trace, chip, parameters(preset, chip)))
    assert found.path is not None
    assert sum(part.cycles for part in found.path.parts) == found.path.cycles
    assert found.base == figures_of(simulate(trace, chip))
    for what_if in found.what_ifs:
        words = shlex.split(set_line(what_if.changes))
        if what_if.figures is None:
            with pytest.raises(NnasimError):
                simulate(trace, load_preset(preset, words[1::2]))
        else:
            assert figures_of(simulate(trace, load_preset(preset, words[1::2]))) == what_if.figures
    for swing in found.swings:
        if not swing.field.startswith("energy.") and swing.low != swing.value:
            whole = isinstance(value_of(chip, swing.field), int)
            low = chip.with_({swing.field: int(swing.low) if whole else swing.low})
            assert figures_of(simulate(trace, low)) == swing.at_low


def test_chips_that_differ_in_energy_alone_share_the_steps_of_a_run(
    chip: NnaConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    banked = chip.with_({"dram.kind": "banked"})
    for given in (chip, banked):
        variants = Variants(trace_of("aat", given))
        before = variants.figures(given)
        dearer = given.with_({"energy.cpu_mw": (100.0, 400.0, 500.0), "energy.sram_fixed_share": 0.5})
        with monkeypatch.context() as patch:
            patch.setattr(Variants, "_timed", None)
            after = variants.figures(dearer)
        assert after == figures_of(simulate(variants.trace, dearer))
        assert after != before


def test_assumed_numbers_move_figures_as_simulate_moves_them(aat: SimResult, chip: NnaConfig) -> None:
    trace, found = trace_of("aat", chip), explanation_of(aat)
    swings = {swing.field: swing for swing in found.swings}
    assert (swings["dram.efficiency"].low, swings["dram.efficiency"].high) == (0.7, 0.9)
    assert swings["dram.efficiency"].stated
    assert not swings["host.quantise_ns_per_element"].stated
    for field in ("dram.efficiency", "sram.weight_buffers", "host.quantise_ns_per_element"):
        swing = swings[field]
        for value, figures in ((swing.low, swing.at_low), (swing.high, swing.at_high)):
            number = int(value) if field == "sram.weight_buffers" else value
            assert figures == figures_of(simulate(trace, chip.with_({field: number})))
    low, high = swings["energy.cpu_mw"].at_low.energy_mj, swings["energy.cpu_mw"].at_high.energy_mj
    assert (low or 0) < (high or 0)


def test_every_assumed_field_is_varied_or_told_why_not(aat: SimResult, chip: NnaConfig) -> None:
    found = explanation_of(aat)
    assumed = {row.field for row in parameters("edge256", chip) if "assumed" in (row.source or "")}
    assert assumed == {swing.field for swing in found.swings} | set(found.without_range)


def test_a_turn_binds_otherwise_and_a_little_less_does_not(aat: SimResult, chip: NnaConfig) -> None:
    variants, found = Variants(trace_of("aat", chip)), explanation_of(aat)
    assert found.base is not None
    assert found.turns
    for turn in found.turns:
        whole = turn.field == "sram.bytes"

        def bottleneck(value: float, field: str = turn.field, whole: bool = whole) -> str:
            return variants.figures(chip.with_({field: int(value) // 4096 * 4096 if whole else value})).bottleneck

        close = 1.2 * CLOSE_SIZE if whole else 1.01 * CLOSE
        less = turn.value / close if turn.value > turn.now else turn.value * close
        assert bottleneck(turn.value) == turn.then != found.base.bottleneck
        assert bottleneck(less) == found.base.bottleneck


def test_every_crossing_is_on_behalf_of_an_operation_or_hands_over_inputs_and_results(
    fallback: SimResult, aat: SimResult
) -> None:
    for result in (fallback, aat):
        found = explanation_of(result)
        listed = sum(op.crossings for op in found.cpu_ops)
        assert listed + found.other_crossings == result.totals.handoffs
        assert {(op.graph, op.op) for op in found.cpu_ops} == {
            (op.graph, op.op) for op in result.ops if op.unit == "cpu" and op.kind != "handoff"
        }
        assert all(op.reason for op in found.cpu_ops)


def test_moving_all_groups_of_cpu_fallback_is_aat(fallback: SimResult, aat: SimResult) -> None:
    moves = {move.group: move for move in explanation_of(fallback).moves}
    assert moves["all of them"].figures == explanation_of(aat).base
    assert moves["input_quantise"].figures is None


def test_what_fell_back_is_told_in_the_words_of_the_limit() -> None:
    chip = load_preset("nvdla_small")
    found = explanation_of(explained(trace_of("aat", chip), chip))
    reasons = {op.reason for op in found.cpu_ops if op.kind == "sigmoid"}
    assert reasons == {"without an activation unit the NNA runs products only"}
    (move,) = [move for move in found.moves if move.group == "all of them"]
    assert "activation unit" in move.needs
    assert move.figures is not None


def test_a_trace_of_cpu_alone_and_one_with_other_load_are_explained() -> None:
    chip = load_preset("edge256").with_({"host.other_load_per_second": 200, "host.other_load_us": 300})
    found = explanation_of(explained(trace_of("float", chip), chip))
    assert found.base == figures_of(simulate(trace_of("float", chip), chip))
    assert "free hand-offs" not in {what_if.limit for what_if in found.what_ifs}


def test_a_chip_without_an_energy_table_has_no_energy() -> None:
    chip = load_preset("edge256", ["energy=null", "area=null"])
    found = explanation_of(explained(trace_of("aat", chip), chip))
    assert found.base is not None
    assert found.base.energy_mj is None


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("assumed: range 0.7 to 0.9; Intel's guide", (0.7, 0.9)),
        ("assumed: as a FLOAT; range 16 to 32", (16, 32)),
        ("assumed: range 1e3 to 2.5e3", (1e3, 2.5e3)),
        ("assumed: published hand-offs lie between 1 and 172 us", None),
    ],
)
def test_a_stated_range_is_read_where_it_says_range(source: str, found: tuple[float, float] | None) -> None:
    assert stated_range(source) == found


def test_a_number_with_no_range_of_its_own_is_halved_and_doubled() -> None:
    chip = load_preset("edge256")
    numbers, others = assumed_numbers(chip, parameters("edge256", chip))
    ranges = {number.field: number.range for number in numbers}
    assert ranges["host.handoff_us"].stated
    assert ranges["dma.channels"] == (1, 4, False)
    assert "numerics.activation" in others
    assert "sequencer.cycles_per_command" in others
