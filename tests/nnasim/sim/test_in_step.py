"""Tiles that are advanced together: what comes out is the run of every event, in every record and figure."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnasim.analysis.tally import tally
from nnasim.compiler import AT_START, CompiledTrace
from nnasim.errors import InputError, PlacementError, SimulationError
from nnasim.hardware import NnaConfig, load_preset, preset_names
from nnasim.ir.program import Command, Program
from nnasim.pipeline import simulate
from nnasim.results import SimOptions
from nnasim.sim.run import run_program
from tests.nnasim.ir.random_traces import random_trace
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES, RnntShape

EVERY_EVENT = SimOptions(replay=False)


def streamed(make: SimpleNamespace, products: Sequence[tuple[int, int, int]], buffers: int = 2) -> Program:
    """A program of products, each (tiles, outputs of a tile, bytes of a tile), whose weights stream."""
    commands, transfers = list[Command](), list[int]()
    for tiles, n, size in products:
        for tile in range(tiles):
            commands.append(make.tile(len(transfers), n=n, first=tile == 0))
            transfers.append(size)
        commands.append(make.element(n))
    return make.program(commands, transfers, buffers)


def assert_same(program: Program, chip: NnaConfig) -> None:
    together, events = run_program(program, chip), run_program(program, chip, every_event=True)
    assert not events.repeats
    assert together == events
    assert tally(together) == tally(events)


def left_out(program: Program, chip: NnaConfig) -> int:
    """Tiles that have no events of their own."""
    run = run_program(program, chip)
    starts = [record.block == "mac_array" and not record.reason for record in run.recorded]
    return sum(repeat.times * sum(starts[repeat.first : repeat.last]) for repeat in run.repeats)


def test_where_weights_are_late_most_of_a_product_has_no_events(chip, make) -> None:
    program = streamed(make, [(100, 4, 640)])
    assert left_out(program, chip()) > 80
    assert_same(program, chip())


def test_where_the_array_is_slow_most_of_a_product_has_no_events(chip, make) -> None:
    program = streamed(make, [(100, 40, 64)])
    assert left_out(program, chip()) > 80
    assert_same(program, chip())


def test_array_and_dma_that_end_in_the_same_cycle_are_in_step_too(chip, make) -> None:
    program = streamed(make, [(100, 4, 64)])
    assert left_out(program, chip()) > 80
    assert_same(program, chip())


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_a_period_is_a_whole_round_of_the_channels(chip, make, channels: int) -> None:
    hidden = chip(dma={"channels": channels}, dram={"read_latency_ns": 50})
    program = streamed(make, [(100, 4, 64), (90, 8, 64)], buffers=4)
    assert left_out(program, hidden) > 120
    assert_same(program, hidden)


def test_rates_that_divide_nothing_are_in_step_since_each_tile_takes_whole_cycles(chip, make) -> None:
    odd = chip(dram={"bytes_per_second": 7.3e9}, sram={"bytes_per_cycle": 10.7, "ports": 1})
    program = streamed(make, [(100, 4, 650), (77, 5, 331)])
    assert left_out(program, odd) > 120
    assert_same(program, odd)


def test_one_port_between_dma_and_array_may_take_several_tiles_to_a_period(chip, make) -> None:
    narrow = chip(sram={"bytes_per_cycle": 3, "ports": 1}, dram={"bytes_per_second": 5e9})
    assert_same(streamed(make, [(100, 7, 100)], buffers=3), narrow)


def test_a_host_that_wrote_ahead_has_waited_through_tiles_without_events(chip, make) -> None:
    driven = chip(
        sequencer={"register_write_cycles": 7, "register_writes_per_pass": 300, "register_writes_per_product": 20,
                   "register_groups": 2},
    )  # fmt: skip
    program = streamed(make, [(100, 4, 640), (50, 4, 640)])
    assert left_out(program, driven) > 80
    assert_same(program, driven)


def test_the_last_tiles_of_a_product_have_events_for_what_is_fetched_behind_them(chip, make) -> None:
    """The DMA is in the next product, of other bytes, while the array is in this one."""
    program = streamed(make, [(20, 4, 640), (20, 4, 64), (20, 4, 640)], buffers=8)
    assert_same(program, chip(dram={"read_latency_ns": 300}, dma={"channels": 4}))


def test_few_tiles_are_run_by_events(chip, make) -> None:
    assert left_out(streamed(make, [(3, 4, 640)]), chip()) == 0


def test_tiles_that_differ_are_no_stretch(chip, make) -> None:
    program = streamed(make, [(50, 4, 640)])
    transfers = tuple(t._replace(bytes=t.bytes + 16 * (i % 2)) for i, t in enumerate(program.transfers))
    uneven = replace(program, transfers=transfers)
    assert left_out(uneven, chip()) == 0
    assert_same(uneven, chip())


def test_a_transfer_that_nobody_waits_for_is_no_part_of_a_stretch(chip, make) -> None:
    program = streamed(make, [(50, 4, 640)])
    shifted = tuple(
        c._replace(transfer=c.transfer + 1) if hasattr(c, "transfer") and c.transfer is not None else c
        for c in program.commands
    )
    behind = replace(program, commands=shifted, transfers=(program.transfers[0], *program.transfers))
    with pytest.raises(SimulationError, match="deadlock"):  # its buffer is never given back
        run_program(replace(behind, weight_buffers=1), chip())
    assert_same(behind, chip())


def test_the_watchdog_counts_tiles_without_events(chip, make) -> None:
    program = streamed(make, [(1000, 4, 640)])
    for every_event in (False, True):
        with pytest.raises(SimulationError, match="watchdog: not done after 20000 cycles"):
            run_program(program, chip(), 20_000, every_event=every_event)


@pytest.mark.parametrize(
    "fields",
    [
        {"dram.kind": "banked", "dram.read_latency_ns": 100},
        {"dma.prefetch_across_calls": True},
        {"host.other_load_per_second": 10.0, "host.other_load_us": 5.0},
    ],
)
def test_a_chip_that_is_not_the_same_at_another_time_runs_every_event(chip, make, fields: dict[str, Any]) -> None:
    assert left_out(streamed(make, [(60, 4, 640)]), chip().with_(fields)) == 0


products = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from([1, 4, 9, 40]), st.sampled_from([16, 64, 100, 640, 1000])),
    min_size=1, max_size=4,
)  # fmt: skip


@given(
    products=products, buffers=st.integers(1, 6), channels=st.integers(1, 4), ports=st.sampled_from((1, 2)),
    port=st.sampled_from((1, 3, 16, 10.7, 1024)), rate=st.sampled_from((1e9, 5e9, 7.3e9, 16e9, 100e9)),
    latency=st.sampled_from((0, 3, 37, 250, 2000)), bursts=st.sampled_from((1, 2, 16)),
    command=st.sampled_from((0, 5)), writes=st.sampled_from((0, 40)), groups=st.sampled_from((1, 2)),
)  # fmt: skip
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_program_on_any_chip_does_what_every_event_does(
    chip, make, products, buffers, channels, ports, port, rate, latency, bursts, command, writes, groups
) -> None:
    hardware = chip(
        dma={"channels": channels, "outstanding_bursts": bursts},
        sram={"ports": ports, "bytes_per_cycle": port},
        dram={"bytes_per_second": rate, "read_latency_ns": latency},
        sequencer={"cycles_per_command": command, **({"register_write_cycles": 3, "register_groups": groups,
                   "register_writes_per_pass": writes, "register_writes_per_product": 7} if writes else {})},
    )  # fmt: skip
    assert_same(streamed(make, products, buffers), hardware)


SMALL = RnntShape(
    name="small", input_features=16, frame_ms=2, encoder_units=96, encoder_before=2, reduction=2, encoder_after=1,
    embedding=8, prediction_units=64, prediction_layers=1, joint_units=32, outputs=12,
)  # fmt: skip


@given(
    preset=st.sampled_from(preset_names()), system=st.sampled_from(("aat", "cpu_fallback")),
    units=st.sampled_from((40, 96, 160)), tile=st.sampled_from((256, 1024, 4096)), buffers=st.integers(1, 5),
    rate=st.sampled_from((0.7, 1, 3.3)), banked=st.booleans(), prefetch=st.booleans(),
    in_flight=st.sampled_from((1, 1, 4)), chunk=st.sampled_from((1, 1, 3)),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_every_figure_of_a_recogniser_is_that_of_every_event(
    preset, system, units, tile, buffers, rate, banked, prefetch, in_flight, chunk
) -> None:
    chip = load_preset(preset)
    fields: dict[str, Any] = {
        "sram.resident_weights": [], "sram.weight_tile_bytes": tile, "sram.weight_buffers": buffers,
        "dram.bytes_per_second": chip.dram.bytes_per_second * rate, "sequencer.in_flight": in_flight,
        "dma.prefetch_across_calls": prefetch, "compiler.chunk_frames": chunk,
    }  # fmt: skip
    with suppress(InputError):  # a chip of a memory without banks, or that has no room
        chip = chip.with_(fields | ({"dram.kind": "banked", "dram.read_latency_ns": 500} if banked else {}))
        shape = SMALL.model_copy(update={"encoder_units": units})
        trace = build_trace(shape, 4, 2, system=system, numerics=chip.numerics)
        assert simulate(trace, chip) == simulate(trace, chip, EVERY_EVENT)


@given(seed=st.integers(0, 10_000), preset=st.sampled_from(preset_names()), ports=st.sampled_from((1, 2)))
@settings(max_examples=40, deadline=None)
def test_every_figure_of_a_trace_that_nobody_built_is_that_of_every_event(seed: int, preset: str, ports: int) -> None:
    chip = load_preset(preset).with_({"sram.ports": ports, "sram.resident_weights": []})
    trace = random_trace(seed).model_copy(update={"numerics": chip.numerics})
    with suppress(PlacementError):  # an arithmetic that this chip has not
        assert simulate(trace, chip) == simulate(trace, chip, EVERY_EVENT)


@pytest.mark.parametrize("preset", preset_names())
def test_a_paper_sized_encoder_has_events_for_few_of_its_tiles_but_for_all_on_a_banked_dram(preset: str) -> None:
    chip = load_preset(preset)
    trace = build_trace(SHAPES["rnnt-paper"], 1, 0, numerics=chip.numerics)
    program = CompiledTrace(trace, chip).program("encoder", AT_START)
    if chip.dram.model == "banked":
        assert left_out(program, chip) == 0
    else:
        assert left_out(program, chip) > 0.5 * len(program.transfers)
    assert_same(program, chip)
