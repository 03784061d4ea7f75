"""The study's experiments on a recogniser that simulates in milliseconds."""

import pytest

from nnasim.hardware import NnaConfig, load_preset
from nnasim.ir.trace import RECOGNISER_GROUPS, OpTrace
from nnasim.studies.latency.costs import (
    PAIR,
    by_policy,
    cost_of,
    efficiency_gains,
    gain,
    gain_map,
    rate_gains,
    waterfall,
    waterfall_steps,
    with_times,
)
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

TINY = RnntShape(
    input_features=8, frame_ms=30, encoder_units=16, encoder_before=2, embedding=8, prediction_units=8,
    prediction_layers=1, joint_units=8, outputs=5,
)  # fmt: skip


@pytest.fixture(scope="module")
def chip() -> NnaConfig:
    return load_preset("edge256")


@pytest.fixture(scope="module")
def traces() -> dict[str, dict[str, OpTrace]]:
    return {system: {"tiny": build_trace(TINY, 4, 1, system=system)} for system in ("aat", "cpu_fallback")}


def test_a_waterfall_ends_with_everything_on_the_chip(chip: NnaConfig, traces: dict[str, dict[str, OpTrace]]) -> None:
    steps = waterfall(traces["aat"]["tiny"], chip, 1.0)
    assert steps[0].label == "all on the CPU"
    assert {step.label for step in steps[1:]} == set(RECOGNISER_GROUPS)
    assert steps[0].handoffs_per_s == 0
    assert max(step.handoffs_per_s for step in steps[1:-1]) > steps[-1].handoffs_per_s > 0


def test_policies_lie_between_the_chip_alone_and_the_fallback(
    chip: NnaConfig, traces: dict[str, dict[str, OpTrace]]
) -> None:
    costs = {policy.label: policy for policy in by_policy(traces["aat"]["tiny"], chip, 1.0)}
    assert costs["cpu_fallback"].busy_ms_per_s == cost_of(traces["cpu_fallback"]["tiny"], chip).busy_ms
    assert costs["vela"].handoffs_per_s > costs["edge_tpu"].handoffs_per_s >= costs["all on the chip"].handoffs_per_s


def test_the_gain_grows_with_the_hand_off(chip: NnaConfig, traces: dict[str, dict[str, OpTrace]]) -> None:
    pair = {system: by_shape["tiny"] for system, by_shape in traces.items()}
    gains = gain_map(pair, chip, (1.0, 50.0), (3.75e9,))  # type: ignore[arg-type]
    (low,), (high,) = gains.gains_pct
    assert low is not None
    assert high is not None
    assert low < high < 100
    slow, fast = (cost_of(pair[s], with_times(chip, 50.0, 3.75e9)) for s in ("cpu_fallback", "aat"))
    assert high == gain(fast, slow) == gains.here_pct  # which are the preset's own


def test_every_cell_of_the_map_is_what_a_chip_of_that_bandwidth_gives(traces: dict[str, dict[str, OpTrace]]) -> None:
    streamed = "sram.resident_weights=[]"
    chip = load_preset("edge256", [streamed])
    pair = {system: by_shape["tiny"] for system, by_shape in traces.items()}
    gains = gain_map(pair, chip, (50.0,), (1e8, 1e9, 3.75e9))  # type: ignore[arg-type]
    fresh = [load_preset("edge256", [streamed, f"dram.bytes_per_second={rate}"]) for rate in (1e8, 1e9, 3.75e9)]
    alone = [gain(cost_of(pair["aat"], fresh_chip), cost_of(pair["cpu_fallback"], fresh_chip)) for fresh_chip in fresh]
    assert list(gains.gains_pct[0]) == alone
    assert len(set(alone)) == 3


def test_a_dram_that_delivers_less_of_its_peak_makes_every_system_later(traces: dict[str, dict[str, OpTrace]]) -> None:
    streamed = ["sram.resident_weights=[]", "dram.bytes_per_second=1e7", "host.cache_bytes=0"]
    pair = {system: traces[system]["tiny"] for system in PAIR}
    gains = efficiency_gains(pair, load_preset("edge256", streamed), (0.7, 0.8, 0.9))
    assert [row.efficiency for row in gains] == [0.7, 0.8, 0.9]
    for system in pair:
        means = [row.engine_mean_ms[system] for row in gains]
        assert means == sorted(means, reverse=True)
        assert len(set(means)) == 3
    chip = load_preset("edge256", [*streamed, "dram.efficiency=0.9"])
    alone = cost_of(pair["aat"], chip), cost_of(pair["cpu_fallback"], chip)
    assert gains[-1].gain_pct == gain(*alone)


def test_more_pieces_of_a_word_are_more_work_on_either_side(
    chip: NnaConfig, traces: dict[str, dict[str, OpTrace]]
) -> None:
    spoken = {system: by_shape["tiny"] for system, by_shape in traces.items()}
    rates = rate_gains(spoken, TINY, chip, (1, 2, 4))  # type: ignore[arg-type]
    assert [rate.pieces for rate in rates] == [1, 2, 4]
    assert [round(rate.symbols_per_s / rates[0].symbols_per_s) for rate in rates] == [1, 2, 4]
    work = [rate.aat_busy_ms_per_s for rate in rates]
    assert work == sorted(work)
    assert len(set(work)) == len(work)


def test_every_step_of_the_waterfall_moves_one_group_more() -> None:
    placements = [placement for _, placement in waterfall_steps()]
    on_chip = [sum(unit == "nna" for unit in placement.values()) for placement in placements]
    assert on_chip == list(range(len(RECOGNISER_GROUPS) + 1))
