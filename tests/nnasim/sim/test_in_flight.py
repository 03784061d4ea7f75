"""Several commands in flight: what overlaps, what waits, and the laws of the window."""

from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnasim.errors import PlacementError, SimulationError
from nnasim.hardware import NnaConfig, load_preset, preset_names
from nnasim.ir.program import Ahead, Command, MatmulCommand, OpInfo, Program
from nnasim.ir.result import SimResult
from nnasim.ir.trace import OpTrace, System
from nnasim.pipeline import simulate
from nnasim.results import SimOptions
from nnasim.sim.run import run_program
from nnasim.sim.windows import fastest, windows_tried
from tests.nnasim.ir.random_traces import random_trace
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    name="small", input_features=16, frame_ms=2, encoder_units=64, encoder_before=2, reduction=2, encoder_after=1,
    embedding=8, prediction_units=32, prediction_layers=1, joint_units=32, outputs=12,
)  # fmt: skip
STREAMS = ["sram.bytes=32768", "sram.weight_tile_bytes=1024", "sram.banks=1"]
IN_FLIGHT = (1, 2, 5, 40)


def two_blocks(make: Any, commands: list[Command], needs: dict[int, tuple[int, ...]]) -> Program:
    """A program on MAC array and activation unit, each command an operation that waits for ``needs``."""
    ops = tuple(
        OpInfo(graph="g", name=f"op{place}", kind="matmul" if hasattr(command, "m") else "tanh", group="matmul",
               layer="g", unit="nna", block="mac_array" if hasattr(command, "m") else "activation_unit")
        for place, command in enumerate(commands)
    )  # fmt: skip
    placed = tuple(
        command._replace(op=place) if isinstance(command, MatmulCommand) else replace(command, op=place)
        for place, command in enumerate(commands)
    )
    every = range(len(commands))
    ahead = Ahead(tuple(every), tuple(needs.get(place, ()) for place in every))
    return replace(make.program(list(placed), []), ops=ops, commands=placed, ahead=ahead)


def cycles(program: Program, chip: Any, in_flight: int, **sections: Any) -> int:
    return run_program(program, chip(sequencer={"in_flight": in_flight}, **sections)).cycles


def test_a_pass_and_a_product_that_need_nothing_of_each_other_overlap(chip, make) -> None:
    program = two_blocks(make, [make.element(100), make.tile(None, n=100)], {})
    assert [cycles(program, chip, n) for n in (1, 2)] == [200, 100]


def test_a_product_that_reads_the_pass_waits_for_it(chip, make) -> None:
    program = two_blocks(make, [make.element(100), make.tile(None, n=100)], {1: (0,)})
    assert cycles(program, chip, 2) == 200


def test_no_command_enters_before_there_is_room_in_the_window(chip, make) -> None:
    commands = [make.element(100), make.element(100), make.tile(None, n=100)]
    program = two_blocks(make, commands, {})
    assert [cycles(program, chip, n) for n in (1, 2, 3)] == [300, 200, 200]
    assert fastest(program, chip(sequencer={"in_flight": 3})).window == 2  # a larger one ends no earlier


def test_a_block_takes_its_commands_in_the_order_in_which_they_entered(chip, make) -> None:
    commands = [make.element(100), make.tile(None, n=50), make.tile(None, n=30)]
    assert cycles(two_blocks(make, commands, {1: (0,)}), chip, 3) == 180


def test_decoding_hides_behind_what_is_in_flight(chip, make) -> None:
    program = two_blocks(make, [make.element(100), make.tile(None, n=100)], {})
    decoding = {"cycles_per_command": 10}
    assert run_program(program, chip(sequencer=decoding)).cycles == 220
    assert run_program(program, chip(sequencer={**decoding, "in_flight": 2})).cycles == 120


def test_a_circle_of_operands_is_a_deadlock_that_says_who_waits(chip, make) -> None:
    program = two_blocks(make, [make.element(100), make.tile(None, n=100)], {0: (1,), 1: (0,)})
    with pytest.raises(SimulationError, match=r"activation_unit 0 waits for the operands of op0; mac_array 0 waits"):
        run_program(program, chip(sequencer={"in_flight": 2}))


def test_windows_are_tried_in_steps_of_a_half_at_the_most() -> None:
    assert list(windows_tried(1)) == [1]
    assert list(windows_tried(40)) == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
    assert list(windows_tried(256))[-1] == 256


def results(trace: OpTrace, chip: NnaConfig, counts: tuple[int, ...] = IN_FLIGHT) -> list[SimResult]:
    return [simulate(trace, chip.with_({"sequencer.in_flight": count})) for count in counts]


def assert_laws(found: list[SimResult]) -> None:
    """Nothing ends later with more in flight, all of the work is done, and every cycle is accounted for."""
    one = found[0]
    for fewer, more in pairwise(found):
        assert all(b <= a for a, b in zip(fewer.frames.end, more.frames.end, strict=True))
        assert more.totals.cycles <= fewer.totals.cycles
    for result in found:
        assert (result.totals.macs, result.totals.dram_bytes, result.totals.handoffs) == (
            one.totals.macs, one.totals.dram_bytes, one.totals.handoffs,
        )  # fmt: skip
        assert result.totals.sram_bytes == one.totals.sram_bytes
        for time in result.blocks.values():
            assert min(time.busy, time.stall, time.idle) >= 0
            assert time.busy + time.stall + time.idle == result.totals.cycles
        assert 0 < result.bound_cycles <= result.totals.cycles


@pytest.mark.parametrize("system", get_args(System))
@pytest.mark.parametrize("preset", preset_names())
@pytest.mark.parametrize("overrides", [[], [*STREAMS, "sequencer.cycles_per_command=30"]])
def test_more_in_flight_is_never_slower(preset: str, system: System, overrides: list[str]) -> None:
    chip = load_preset(preset, overrides)
    assert_laws(results(build_trace(SHAPE, 4, 2, system=system, numerics=chip.numerics), chip))


@given(
    seed=st.integers(0, 10_000), preset=st.sampled_from(preset_names()), ports=st.sampled_from((1, 2)),
    buffers=st.integers(1, 4), streams=st.booleans(), counts=st.lists(st.integers(1, 64), min_size=1, max_size=2),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_more_in_flight_is_never_slower_on_traces_that_nobody_built(
    seed: int, preset: str, ports: int, buffers: int, streams: bool, counts: list[int]
) -> None:
    chip = load_preset(preset).with_({"sram.ports": ports, "sram.weight_buffers": buffers})
    if streams:
        chip = chip.with_({"sram.resident_weights": []})
    trace = random_trace(seed).model_copy(update={"numerics": chip.numerics})
    with suppress(PlacementError):  # an arithmetic that this chip has not
        assert_laws(results(trace, chip, (1, *sorted(counts))))


@pytest.mark.parametrize("system", ["cpu_fallback", "aat"])
def test_replay_is_the_run_of_every_event(system: System) -> None:
    chip = load_preset("edge256", [*STREAMS, "sequencer.in_flight=16"])
    trace = build_trace(SHAPE, 6, 2, system=system)
    assert simulate(trace, chip) == simulate(trace, chip, SimOptions(replay=False))


def test_a_call_that_is_entered_with_more_to_hand_over_is_not_taken_for_the_same() -> None:
    """Equal crossings bring what others wait for in one call, and not in the other: found by the test above."""
    chip = load_preset("edge256").with_(
        {"sram.resident_weights": [], "sequencer.in_flight": 6, "sram.weight_buffers": 1}
    )
    trace = random_trace(8616)
    assert simulate(trace, chip) == simulate(trace, chip, SimOptions(replay=False))


def test_the_cpu_computes_while_the_chip_does() -> None:
    trace = build_trace(SHAPE, 4, 2, system="cpu_fallback")
    one, many = results(trace, load_preset("edge256"), (1, 16))
    assert many.totals.cycles < one.totals.cycles
    host, array = (
        [(span.start, span.end) for span in many.spans if span.block == block and span.kind != "stall"]
        for block in ("host", "mac_array")
    )
    assert any(start < until and since < end for start, end in host for since, until in array)
