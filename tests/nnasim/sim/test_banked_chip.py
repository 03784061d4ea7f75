"""A chip whose DRAM has banks: where weights stand, what a run waits for, and that nothing is replayed."""

from collections import Counter
from itertools import pairwise
from typing import get_args

import pytest
import simpy

from nnasim.compiler import CompiledTrace
from nnasim.fast_latency import cost, schedule
from nnasim.hardware import NnaConfig, load_preset
from nnasim.ir.program import HostCommand
from nnasim.ir.trace import System
from nnasim.pipeline import run_utterances, simulate
from nnasim.results import SimOptions
from nnasim.sim.blocks.banked_dram import TurnDram
from nnasim.sim.blocks.dram import Dram
from nnasim.sim.probe import Probe
from nnasim.sim.replay import replay_is_exact
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    input_features=32, frame_ms=2, encoder_units=128, encoder_before=1, reduction=2, encoder_after=1, embedding=16,
    prediction_units=64, prediction_layers=1, joint_units=64, outputs=12,
)  # fmt: skip
TIGHT = ["sram.bytes=32768", "sram.weight_tile_bytes=2048", "dram.bytes_per_second=1e9", "host.cache_bytes=4096"]


def chip(*overrides: str, kind: str = "banked") -> NnaConfig:
    return load_preset("edge256", [*TIGHT, f"dram.kind={kind}", *overrides])


@pytest.mark.parametrize("system", get_args(System))
def test_every_event_is_followed_and_no_run_is_below_the_bound(system: System) -> None:
    banked = chip()
    assert not replay_is_exact(banked)
    trace = build_trace(SHAPE, 6, 3, system=system, numerics=banked.numerics)
    result = simulate(trace, banked)
    assert result == simulate(trace, banked, SimOptions(replay=False))
    assert result.bound_cycles <= result.totals.cycles
    for time in result.blocks.values():
        assert min(time.busy, time.stall, time.idle) >= 0
        assert time.busy + time.stall + time.idle == result.totals.cycles
    quick = cost(schedule(trace, banked), banked)
    assert quick.engine_latency_ms == tuple(utterance.engine_latency_ms for utterance in result.utterances)


def test_bytes_are_those_of_the_fixed_model_and_the_stream_is_as_efficient_as_its_refreshes_allow() -> None:
    trace = build_trace(SHAPE, 6, 3, numerics=chip().numerics)
    banked, fixed = simulate(trace, chip()), simulate(trace, chip("dram.efficiency=1", kind="fixed"))
    assert banked.totals.dram_bytes == fixed.totals.dram_bytes
    assert fixed.extra.busy_cycles < banked.extra.busy_cycles < 1.2 * fixed.extra.busy_cycles
    slower = simulate(trace, chip("dram.parameters.trfc_ns=1000"))
    assert banked.extra.busy_cycles < slower.extra.busy_cycles


def test_the_result_says_what_is_left_out_and_what_the_dram_waited_for() -> None:
    banked = chip("dram.cpu_share=0.3")
    compiled = CompiledTrace(build_trace(SHAPE, 6, 3, numerics=banked.numerics), banked)
    (steps,) = run_utterances(compiled, SimOptions())
    reasons = {record.reason for step in steps for record in step.run.records if record.block == "dram"}
    assert {"", "refresh of the DRAM", "other software's reads and writes"} <= reasons
    listed = simulate(compiled.given, banked).not_modelled
    assert not [line for line in listed if "dram.efficiency" in line]
    assert [line for line in listed if "refresh of single banks" in line]


def test_no_two_weights_share_a_byte_and_tiles_stand_one_behind_the_other() -> None:
    trace = build_trace(SHAPE, 6, 3, numerics=chip().numerics)
    compiled = CompiledTrace(trace, chip())
    placed: dict[str, set[range]] = {}
    for step in [step for steps in run_utterances(compiled, SimOptions()) for step in steps]:
        for transfer in step.run.program.transfers:
            placed.setdefault(transfer.tensor, set()).add(range(transfer.address, transfer.address + transfer.bytes))
    spans = sorted((part.start, part.stop) for parts in placed.values() for part in parts)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    for tensor in placed:
        assert min(part.start for part in placed[tensor]) == compiled.addresses[tensor]


def test_weights_on_the_cpu_have_addresses_too() -> None:
    trace = build_trace(SHAPE, 2, 1, system="float", numerics=chip().numerics)
    compiled = CompiledTrace(trace, chip())
    (steps,) = run_utterances(compiled, SimOptions())
    commands = {c for step in steps for c in step.run.program.commands if isinstance(c, HostCommand) and c.dram_bytes}
    assert len({command.address for command in commands}) > 1


@pytest.mark.parametrize("overrides", [(), ("dram.cpu_share=0.3",), ("dram.parameters.channels=2",), ("sram.ports=2",)])
@pytest.mark.parametrize("system", get_args(System))
def test_two_events_a_read_are_as_an_event_for_each_turn(
    monkeypatch: pytest.MonkeyPatch, system: System, overrides: tuple[str, ...]
) -> None:
    trace = build_trace(SHAPE, 6, 3, system=system, numerics=chip().numerics)
    drawn = {"spans", "counters"}  # in which data that follow each other without a wait are one piece
    at_once = simulate(trace, chip(*overrides)).model_dump(exclude=drawn)
    monkeypatch.setattr("nnasim.sim.machine.has_one_reader", lambda _: False)
    assert simulate(trace, chip(*overrides)).model_dump(exclude=drawn) == at_once


@pytest.mark.parametrize("preset", ["edge256", "edge512", "ethos_u85", "systolic", "tpu_like"])
def test_every_preset_whose_memory_has_known_timings_can_have_its_banks(preset: str) -> None:
    banked = load_preset(preset, ["dram.kind=banked"])
    assert banked.dram.model == "banked"
    trace = build_trace(SHAPE, 2, 1, numerics=banked.numerics)
    assert simulate(trace, banked).totals.dram_bytes == simulate(trace, load_preset(preset)).totals.dram_bytes


def test_the_preset_with_banks_is_the_default_chip_with_the_kind_set() -> None:
    preset, changed = load_preset("edge256_banked"), load_preset("edge256", ["dram.kind=banked"])
    assert preset.model_dump(exclude={"name", "description", "validated"}) == changed.model_dump(
        exclude={"name", "description", "validated"}
    )


def reads(*readers: list[tuple[int, int]]) -> tuple[list[list[int]], Probe]:
    """When the reads (bytes, address) of each reader end, all readers at once, and what the DRAM recorded."""
    env, probe = simpy.Environment(), Probe()
    model = chip().dram_model
    dram = TurnDram(env, probe, model)  # type: ignore[arg-type]
    ends: list[list[int]] = [[] for _ in readers]

    def reader(number: int, its_reads: list[tuple[int, int]]):
        for bytes, address in its_reads:
            yield from dram.read(number, 0, bytes, address)
            ends[number].append(int(env.now))

    for number, its_reads in enumerate(readers):
        env.process(reader(number, its_reads))
    env.run()
    return ends, probe


def test_two_readers_take_turns_and_both_get_all_of_their_bytes() -> None:
    (alone,), _ = reads([(16384, 0)])
    (one, other), probe = reads([(16384, 0)], [(16384, 2**20)])
    assert 1.9 * alone[0] < max(one[0], other[0]) < 2.3 * alone[0]
    assert abs(one[0] - other[0]) < 0.2 * alone[0]
    bytes = Counter[int]()
    for record in probe.records:
        bytes[record.track] += record.bytes
    assert bytes == {Dram.DMA: 16384, Dram.CPU: 16384}


def test_a_reader_that_comes_late_has_its_turn_after_the_one_that_is_on() -> None:
    (long, short), _ = reads([(65536, 0)], [(64, 2**20)])
    assert short[0] < long[0] / 8
