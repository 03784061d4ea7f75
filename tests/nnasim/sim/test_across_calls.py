"""Weights fetched ahead of calls: what is hidden, what is not known, and the laws that hold all the same."""

from contextlib import suppress
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnasim.errors import PlacementError
from nnasim.fast_latency import cost, schedule
from nnasim.hardware import NnaConfig, load_preset, preset_names
from nnasim.ir.program import Program
from nnasim.ir.run import Record, Step, StepRun
from nnasim.ir.trace import OpTrace, System
from nnasim.pipeline import simulate
from nnasim.results import SimOptions
from nnasim.sim.replay import replay_is_exact
from nnasim.sim.run import run_steps
from tests.nnasim.ir.random_traces import random_trace
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    name="small", input_features=16, frame_ms=2, encoder_units=64, encoder_before=2, reduction=2, encoder_after=1,
    embedding=8, prediction_units=32, prediction_layers=1, joint_units=32, outputs=12,
)  # fmt: skip
AHEAD = {"prefetch_across_calls": True}
STREAMS = ["sram.bytes=32768", "sram.weight_tile_bytes=1024", "sram.banks=1"]


def called(make: Any, tiles: int, kind: str = "matmul", graph: str = "encoder") -> Program:
    """A call of so many tiles of 160 bytes, 10 cycles each to fetch and to multiply."""
    program = make.program([make.tile(i, n=10) for i in range(tiles)], [160] * tiles)
    return replace(program, graph=graph, ops=(replace(make.op, kind=kind, graph=graph),))


def ends(programs: list[Program], chip: NnaConfig, earliest: tuple[int, ...] | None = None) -> list[int]:
    steps = [Step(program, (earliest or (0,) * len(programs))[i], i) for i, program in enumerate(programs)]
    return [run.end for run in run_steps(steps, chip)]


def test_the_next_calls_weights_come_while_this_one_computes(chip, make) -> None:
    calls = [called(make, 3), called(make, 3)]
    assert ends(calls, chip()) == [40, 80]
    assert ends(calls, chip(dma=AHEAD)) == [40, 70]


def test_a_call_that_decides_is_followed_by_one_that_is_known_when_it_has_ended(chip, make) -> None:
    calls = [called(make, 3, "argmax"), called(make, 3)]
    assert ends(calls, chip(dma=AHEAD)) == [40, 80]


def test_weights_come_while_the_chip_waits_for_audio(chip, make) -> None:
    for kind in ("matmul", "argmax"):
        calls = [called(make, 3, kind), called(make, 3)]
        assert ends(calls, chip(dma=AHEAD), (0, 100)) == [40, 130]


def test_no_more_than_the_buffers_hold_comes_ahead(chip, make) -> None:
    slow = chip(
        dma=AHEAD, dram={"bytes_per_second": 4e9}
    )  # 40 cycles a tile: two buffers are filled, two tiles are not
    calls = [called(make, 1), called(make, 4)]
    assert ends(calls, slow, (0, 1000)) == [50, 1000 + 2 * 10 + 2 * 40 - 10 + 10]


def test_a_row_that_a_token_names_is_looked_up_when_its_call_begins(chip, make) -> None:
    lookup = called(make, 1)
    lookup = replace(lookup, transfers=tuple(transfer._replace(looked_up=True) for transfer in lookup.transfers))
    assert ends([called(make, 1), lookup], chip(dma=AHEAD), (0, 100)) == [20, 120]


def test_what_was_fetched_ahead_counts_where_it_happened_and_for_whom(chip, make) -> None:
    steps = [Step(called(make, 1), 0, 0), Step(called(make, 1, graph="joint"), 100, 1)]
    first, second = run_steps(steps, chip(dma=AHEAD))
    guests = [record for record in first.run.records if record.op == 1]
    assert [(info.graph, info.kind) for info in first.run.guests] == [("joint", "matmul")]
    assert {record.block for record in guests if not record.is_stall} == {"dma", "dram", "sram"}
    assert sum(record.bytes for record in guests if record.block == "dram") == 160
    assert not any(record.block == "dram" for record in second.run.records)
    assert second.run.cycles == 10


def records_of(runs: list[StepRun], block: str) -> list[Record]:
    return [record for run in runs for record in run.run.records if record.block == block]


def test_a_transfer_that_a_call_begins_in_is_cut_there_and_its_bytes_are_counted_once(chip, make) -> None:
    slow = chip(dma=AHEAD, dram={"bytes_per_second": 1e9})  # 160 cycles a tile
    runs = run_steps([Step(called(make, 1), 0, 0), Step(called(make, 1), 200, 1)], slow)
    reads = records_of(runs, "dram")
    assert [(record.start, record.end, record.bytes) for record in reads] == [
        (0, 160, 160),
        (160, 200, 0),
        (0, 120, 160),
    ]


def test_replay_says_that_it_cannot(chip) -> None:
    assert replay_is_exact(chip())
    assert not replay_is_exact(chip(dma=AHEAD))


def assert_laws(trace: OpTrace, chip: NnaConfig) -> None:
    """No frame ends later, all of the work is done, and every cycle is accounted for."""
    one, other = simulate(trace, chip), simulate(trace, chip.with_({"dma.prefetch_across_calls": True}))
    assert all(b <= a for a, b in zip(one.frames.end, other.frames.end, strict=True))
    for name in ("macs", "dram_bytes", "sram_bytes", "handoffs"):
        assert getattr(one.totals, name) == getattr(other.totals, name)
    assert {(op.graph, op.op): (op.count, op.bytes, op.cycles) for op in one.ops} == {
        (op.graph, op.op): (op.count, op.bytes, op.cycles) for op in other.ops
    }
    for time in other.blocks.values():
        assert min(time.busy, time.stall, time.idle) >= 0
        assert time.busy + time.stall + time.idle == other.totals.cycles
    assert 0 < other.bound_cycles <= other.totals.cycles


@pytest.mark.parametrize("system", get_args(System))
@pytest.mark.parametrize("preset", preset_names())
@pytest.mark.parametrize("overrides", [STREAMS, [*STREAMS, "sequencer.in_flight=8", "sram.ports=2"]])
def test_fetching_ahead_is_never_slower(preset: str, system: System, overrides: list[str]) -> None:
    chip = load_preset(preset, overrides)
    assert_laws(build_trace(SHAPE, 4, 2, system=system, numerics=chip.numerics), chip)


@given(
    seed=st.integers(0, 10_000), preset=st.sampled_from(preset_names()), ports=st.sampled_from((1, 2)),
    buffers=st.integers(1, 4), in_flight=st.sampled_from((1, 6)),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_fetching_ahead_is_never_slower_on_traces_that_nobody_built(
    seed: int, preset: str, ports: int, buffers: int, in_flight: int
) -> None:
    changes = {"sram.ports": ports, "sram.weight_buffers": buffers, "sram.resident_weights": []}
    chip = load_preset(preset).with_({**changes, **({"sequencer.in_flight": in_flight} if in_flight > 1 else {})})
    with suppress(PlacementError):  # an arithmetic that this chip has not
        assert_laws(random_trace(seed).model_copy(update={"numerics": chip.numerics}), chip)


def test_fetching_ahead_saves_time_and_the_fast_road_says_the_same() -> None:
    chip = load_preset("edge256", STREAMS)
    ahead = chip.with_({"dma.prefetch_across_calls": True})
    trace = build_trace(SHAPE, 4, 2, system="aat")
    before, after = simulate(trace, chip), simulate(trace, ahead)
    assert after.totals.cycles < before.totals.cycles
    assert after == simulate(trace, ahead, SimOptions(replay=False))
    assert list(cost(schedule(trace, ahead), ahead).engine_latency_ms) == [
        times.engine_latency_ms for times in after.utterances
    ]
