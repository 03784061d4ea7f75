"""A model of DRAM that a package adds works like ours, and says itself that its runs cannot be replayed."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.errors import ConfigError
from nnasim.fast_latency import cost, schedule
from nnasim.hardware import NnaConfig, load_preset
from nnasim.pipeline import simulate
from nnasim.results import SimOptions
from nnasim.sim.replay import replay_is_exact
from tests.nnasim.plugins.refreshing import RefreshingDram
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    input_features=32, frame_ms=2, encoder_units=64, encoder_before=1, reduction=2, encoder_after=1, embedding=16,
    prediction_units=32, prediction_layers=1, joint_units=32, outputs=12,
)  # fmt: skip
TIGHT = ["sram.bytes=20000", "sram.weight_tile_bytes=1024", "dram.bytes_per_second=1e8"]
REFRESHING = ["dram.model=refreshing", "dram.parameters.interval_ns=2000", "dram.parameters.refresh_ns=500"]


@pytest.fixture
def chip(installed: None) -> NnaConfig:
    return load_preset("edge256", [*TIGHT, *REFRESHING])


def refreshing(interval: int, rest: int) -> RefreshingDram:
    model = RefreshingDram(Fraction(4), 10)
    model.interval, model.rest = interval, rest
    return model


@given(st.integers(2, 50), st.data(), st.integers(0, 200), st.integers(1, 200))
def test_a_read_ends_in_the_first_cycle_by_which_the_bus_was_open_long_enough(
    interval: int, data: Any, since: int, cycles: int
) -> None:
    model = refreshing(interval, data.draw(st.integers(0, interval - 1)))
    end = model.end(since, cycles)
    assert model.open_cycles(since, end) == cycles
    assert model.open_cycles(since, end - 1) == cycles - 1


def test_refresh_costs_its_part_of_the_bandwidth(chip: NnaConfig) -> None:
    trace = build_trace(SHAPE, 6, 3, numerics=chip.numerics)
    steady, refreshed = (
        simulate(trace, candidate).extra.busy_cycles for candidate in (load_preset("edge256", TIGHT), chip)
    )
    assert 1.2 * steady < refreshed < 1.4 * steady  # bound by the bus, which rests for a quarter of the time


def test_its_runs_are_not_replayed_and_the_fast_latency_follows_every_event(chip: NnaConfig) -> None:
    assert not replay_is_exact(chip)
    trace = build_trace(SHAPE, 6, 3, numerics=chip.numerics)
    result, events = simulate(trace, chip), simulate(trace, chip, SimOptions(replay=False))
    assert result == events
    assert len({utterance.busy_ms for utterance in result.utterances}) == 1
    quick = cost(schedule(trace, chip), chip)
    assert quick.engine_latency_ms == tuple(utterance.engine_latency_ms for utterance in result.utterances)
    assert quick.busy_ms == pytest.approx(sum(utterance.busy_ms for utterance in result.utterances))


def test_no_run_is_below_the_bound_and_the_list_says_what_it_leaves_out(chip: NnaConfig) -> None:
    result = simulate(build_trace(SHAPE, 6, 3, numerics=chip.numerics), chip)
    assert result.bound_cycles <= result.totals.cycles
    assert [line for line in result.not_modelled if "DRAM" in line] == [
        "DRAM row hits and misses: dram.efficiency stands for what they cost",
        "DRAM writes: nothing is spilled, results leave with the hand-off",
    ]


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("dram.model=refresh", r"dram\.model = 'refresh': must be 'steady', 'banked' or 'refreshing'"),
        ("dram.parameters.refresh_us=1", r"parameters\.refresh_us = 1: unknown key, did you mean refresh_ns"),
        ("dram.parameters.refresh_ns=1e9", r"parameters\.refresh_ns = 1000000000\.0: must be a number of at least 0"),
        ("dram.parameters.refresh_ns=slow", r"parameters\.refresh_ns = 'slow': must be a number"),
    ],
)
@pytest.mark.usefixtures("installed")
def test_what_it_does_not_take_is_refused_in_a_line(override: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        load_preset("edge256", [*REFRESHING, override])


def test_without_a_plug_in_a_chip_is_written_as_it_always_was() -> None:
    chip = load_preset("edge256")
    assert (chip.dram.model, chip.dram.parameters) == ("steady", {})
    assert not {"model", "parameters"} & set(chip.model_dump()["dram"])
    assert "parameters" not in chip.model_dump(mode="json")["mac_array"]
