"""Who is served when: calls follow each other, in the order of a policy, and everything is accounted for."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from nnasim.compiler.sharing import planned, tenant
from nnasim.errors import ConfigError, PlacementError
from nnasim.hardware import NnaConfig, load_preset
from nnasim.ir.shared import POLICIES, Policy
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate
from nnasim.sharing.holding import Holding, Turns, holding_of
from nnasim.sharing.run import Model, SharingOptions, least_sharing, result_of_sharing, share
from nnasim.sharing.search import find_streams
from nnasim.sharing.serving import Served, serve
from nnasim.sharing.streams import all_streams, offset_seconds
from nnasim.sim.continuous import Continuous
from tests.proof.queue_trace import queue_trace
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SMALL = RnntShape(
    input_features=16, frame_ms=2, encoder_units=32, encoder_before=1, reduction=2, encoder_after=1, embedding=8,
    prediction_units=16, prediction_layers=1, joint_units=16, outputs=8, layer_norm=True,
)  # fmt: skip
LARGE = SMALL.model_copy(update={"encoder_units": 96, "frame_ms": 3})
MS = 1_000_000  # elements of a millisecond of work


@pytest.fixture(scope="module")
def chip() -> NnaConfig:
    return load_preset("edge256", ["host.quantise_ns_per_element=1.0"])


def trace(shape: RnntShape = SMALL, frames: int = 12, system: str = "aat") -> OpTrace:
    return build_trace(shape, frames, 3, system=system)  # type: ignore[arg-type]


def work(*arrivals_ms: float, elements: int = MS) -> OpTrace:
    """A millisecond of work at each arrival."""
    return queue_trace([np.array(arrivals_ms) * 1e-3], elements)


def starts_ms(models: list[Model], chip: NnaConfig, policy: Policy) -> list[list[float]]:
    """When each frame of each model begins to be served."""
    result = share(models, chip, SharingOptions(policy=policy))
    return [[round(start / chip.clock_hz * 1e3, 3) for start in model.frames.start] for model in result.models]


def test_fifo_serves_the_audio_that_has_waited_longest(chip: NnaConfig) -> None:
    models = [Model("a", work(1, 1.3, 1.4)), Model("b", work(1.1, 1.2, 1.25))]
    assert starts_ms(models, chip, "fifo") == [[1, 5, 6], [2, 3, 4]]


def test_priority_serves_the_first_model_before_all_others_and_interrupts_nobody(chip: NnaConfig) -> None:
    models = [Model("first", work(1.5, 1.6, 9)), Model("second", work(1, 1.1, 1.2))]
    assert starts_ms(models, chip, "priority") == [[2, 3, 9], [1, 4, 5]]


def test_round_robin_serves_streams_in_turn_as_long_as_they_wait(chip: NnaConfig) -> None:
    models = [Model("a", work(1, 1, 1, 1)), Model("b", work(1, 1)), Model("c", work(2.5, 2.5))]
    assert starts_ms(models, chip, "round_robin") == [[1, 4, 7, 8], [2, 5], [3, 6]]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("system", ["aat", "cpu_fallback", "cpu_int8"])
def test_a_stream_alone_takes_what_simulate_says(chip: NnaConfig, policy: Policy, system: str) -> None:
    alone, shared = simulate(trace(system=system), chip), share([Model("a", trace(system=system))], chip)
    (model,) = shared.models
    assert (shared.totals, shared.blocks) == (alone.totals, alone.blocks)
    assert (model.frames.arrival, model.frames.start, model.frames.end) == (
        alone.frames.arrival, alone.frames.start, alone.frames.end,
    )  # fmt: skip
    assert model.ops == alone.ops
    assert model.engine_latency_ms.p50 == pytest.approx(alone.utterances[0].engine_latency_ms)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("residents", ["together", "in_turn"])
def test_every_cycle_of_every_block_is_accounted_for(chip: NnaConfig, policy: Policy, residents: str) -> None:
    tight = chip.with_({"sram.bytes": 65536, "compiler.batch_streams": 2})
    models = [Model("small", trace(), 2), Model("large", trace(LARGE), 3)]
    sharing, _ = least_sharing(models, tight, SharingOptions(policy=policy, starts="together", residents=residents))  # type: ignore[arg-type]
    result = result_of_sharing(models, tight, SharingOptions(policy=policy), sharing, None)
    for block, time in result.blocks.items():
        assert time.busy + time.stall + time.idle == result.totals.cycles, block
        assert time.busy == sum(model.blocks[block].busy for model in result.models)
    side_by_side = sum(model.totals.cycles for model in result.models) + result.idle_cycles - result.totals.cycles
    assert side_by_side >= 0  # cycles in which a call held the CPU while another one held the chip
    for name in ("dram_bytes", "sram_bytes", "macs", "handoffs"):
        assert getattr(result.totals, name) == sum(getattr(model.totals, name) for model in result.models)
    assert_nobody_holds_what_another_holds(sharing.served)
    assert result.totals.dram_bytes == sharing.dram_bytes


def assert_nobody_holds_what_another_holds(served: Served) -> None:
    """Chip and CPU are held by one call at a time, and nobody works for a call that does not hold it."""
    for place, ours in enumerate((lambda block: block != "host", lambda block: block == "host")):
        held = [(call.start, call.start + holding_of(call.run)[place]) for call in served.calls]
        held = sorted((start, end) for start, end in held if end > start)
        assert all(end <= start for (_, end), (start, _) in pairwise(held))
        for call in served.calls:
            ends = [record.end for record in call.run.records if ours(record.block)]
            assert max(ends, default=0) <= holding_of(call.run)[place]


@pytest.mark.parametrize("policy", POLICIES)
def test_the_chip_works_for_one_model_while_the_cpu_works_for_another(chip: NnaConfig, policy: Policy) -> None:
    models = [Model("on_cpu", trace(system="float"), 2), Model("on_chip", trace(LARGE, 24), 2)]
    slow = chip.with_({"host.float_matmul_gflops": 0.02, "sram.resident_weights": [], "dram.bytes_per_second": 2e8})
    sharing, _ = least_sharing(models, slow, SharingOptions(policy=policy, starts="together"))
    assert_nobody_holds_what_another_holds(sharing.served)
    result = result_of_sharing(models, slow, SharingOptions(policy=policy), sharing, None)
    assert sum(model.totals.cycles for model in result.models) + result.idle_cycles > result.totals.cycles
    for time in result.blocks.values():
        assert min(time.busy, time.stall, time.idle) >= 0
        assert time.busy + time.stall + time.idle == result.totals.cycles


def test_cpu_work_that_reads_the_dram_shares_its_bus_with_nobody(chip: NnaConfig) -> None:
    models = [Model("on_cpu", trace(system="float")), Model("on_chip", trace(LARGE))]
    sharing, _ = least_sharing(models, chip.with_({"host.cache_bytes": 0}), SharingOptions(starts="together"))
    reading = [call for call in sharing.served.calls if call.model == 0 and call.run.program.dram_bytes]
    assert reading
    assert all(holding_of(call.run) == (call.run.cycles, call.run.cycles) for call in reading)
    assert_nobody_holds_what_another_holds(sharing.served)


def test_who_waits_lays_claim_to_what_he_needs_and_others_go_ahead_only_if_they_are_done_by_then() -> None:
    chip_until_100 = Holding(chip=100, host=0)
    turns = Turns(10, chip_until_100)
    assert not turns.may_begin(Holding(chip=50, host=5))  # waits for the chip until 100
    assert not turns.may_begin(Holding(chip=0, host=91))  # would hold the CPU until 101
    assert turns.may_begin(Holding(chip=0, host=90))
    assert Turns(10, chip_until_100).may_begin(Holding(chip=0, host=91))
    assert not Turns(10, chip_until_100).may_begin(Holding(chip=1, host=0))


def test_every_call_of_every_stream_is_served_once_and_never_before_its_audio(chip: NnaConfig) -> None:
    batches = chip.with_({"compiler.batch_streams": 3})
    sharing, _ = least_sharing([Model("a", trace(), 4), Model("b", trace(LARGE), 2)], batches, SharingOptions())
    for stream in sharing.served.streams:
        assert [run.step for run in stream.runs] == [step for step, _, _ in stream.calls]
        assert all(run.start >= earliest for run, (_, earliest, _) in zip(stream.runs, stream.calls, strict=True))
        assert all(before.end <= after.start for before, after in pairwise(stream.runs))


def test_a_machine_that_goes_on_takes_what_replayed_runs_take(chip: NnaConfig) -> None:
    sharing, _ = least_sharing([Model("a", trace(), 2), Model("b", trace(LARGE))], chip, SharingOptions())
    machine = Continuous(chip)
    for call in sharing.served.calls:
        run = machine.run(call.run.program, call.start)
        assert (run.cycles, run.records) == (call.run.cycles, call.run.records)


def test_a_chip_whose_time_depends_on_the_cycle_is_run_event_by_event(chip: NnaConfig) -> None:
    loaded = chip.with_({"host.other_load_per_second": 20_000, "host.other_load_us": 20})
    busy, free = (share([Model("a", trace(), 2)], each) for each in (loaded, chip))
    assert busy.models[0].frame_latency_ms.p99 > free.models[0].frame_latency_ms.p99
    assert busy == share([Model("a", trace(), 2)], loaded)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_single_weight_buffer_is_no_deadlock_since_who_waits_holds_none(chip: NnaConfig, policy: Policy) -> None:
    one = chip.with_({"sram.weight_buffers": 1, "sram.bytes": 16384, "sram.weight_tile_bytes": 512})
    result = share([Model("a", trace(), 2), Model("b", trace(), 2)], one, SharingOptions(policy=policy))
    assert result.totals.dram_bytes > 0


def test_commands_that_overtake_do_so_on_a_shared_chip_too(chip: NnaConfig) -> None:
    ahead = chip.with_({"sequencer.in_flight": 4})
    assert share([Model("a", trace())], ahead).totals == simulate(trace(), ahead).totals
    ends = [share([Model("a", trace(), 2)], each).totals.cycles for each in (chip, ahead)]
    assert ends[1] <= ends[0]


def test_weights_are_not_fetched_for_a_call_that_nobody_has_chosen_yet(chip: NnaConfig) -> None:
    with pytest.raises(PlacementError, match=r"dma.prefetch_across_calls must be false"):
        share([Model("a", trace(), 2)], chip.with_({"dma.prefetch_across_calls": True}))


# --- memory ---------------------------------------------------------------------------------------------------------


def test_models_that_take_turns_load_again_what_does_not_stand_beside_the_others(chip: NnaConfig) -> None:
    tight = chip.with_({"sram.bytes": 57344})
    models = [Model("small", trace()), Model("large", trace(LARGE))]
    together, in_turn = (share(models, tight, SharingOptions(residents=each)) for each in ("together", "in_turn"))  # type: ignore[arg-type]
    assert together.switching.loads == 0
    assert in_turn.switching.loads > 2
    loaded = [op for model in in_turn.models for op in model.ops if op.kind == "load_weights"]
    assert in_turn.switching.loaded_bytes == sum(op.bytes for op in loaded)
    assert in_turn.switching.loaded_cycles > 0
    best = share(models, tight)
    assert best.totals.dram_bytes == min(together.totals.dram_bytes, in_turn.totals.dram_bytes)
    assert best.switching.other_dram_bytes == max(together.totals.dram_bytes, in_turn.totals.dram_bytes)


def test_models_that_all_stand_in_sram_are_loaded_once_however_often_they_switch(chip: NnaConfig) -> None:
    models = [Model("small", trace()), Model("other", trace())]
    for residents in ("together", "in_turn"):
        result = share(models, chip, SharingOptions(residents=residents))  # type: ignore[arg-type]
        alone = simulate(trace(), chip)
        assert result.switching.switches > 2
        assert result.totals.dram_bytes == 2 * alone.totals.dram_bytes


def test_no_plan_is_larger_than_the_sram(chip: NnaConfig) -> None:
    tenants = [tenant("a", trace(), chip, 3), tenant("b", trace(LARGE), chip, 2)]
    least = None
    for kilobytes in range(4, 96, 4):
        sram = chip.with_({"sram.bytes": kilobytes * 1024})
        try:
            plan = planned(
                [tenant(one.name, one.compiled.given, sram, one.streams) for one in tenants], sram, "together"
            )
        except PlacementError:
            assert least is None, "more SRAM refuses nothing that less of it took"
            continue
        least = least or kilobytes
        memory = plan[0].compiled.memory
        assert memory.total <= sram.sram.bytes
        assert memory.working_set == sum(one.lasting for one in tenants) + max(one.arena for one in tenants)
    assert least is not None


def test_what_does_not_fit_is_refused_with_what_would(chip: NnaConfig) -> None:
    small = chip.with_({"sram.bytes": 16384})
    with pytest.raises(
        PlacementError, match=r"a \d+ bytes.*sram.bytes must be at least \d+, or at most \d+ streams"
    ) as refused:
        share([Model("a", trace(), 64)], small)
    message = str(refused.value)
    assert "\n" not in message
    most = int(message.split("or at most ")[1].split()[0])
    assert share([Model("a", trace(), most)], small).models[0].streams == most
    with pytest.raises(PlacementError):
        share([Model("a", trace(), most + 1)], small)
    enough = int(message.split("must be at least ")[1].split(",")[0])
    assert share([Model("a", trace(), 64)], small.with_({"sram.bytes": enough})).models[0].streams == 64
    with pytest.raises(PlacementError):
        share([Model("a", trace(), 64)], small.with_({"sram.bytes": enough - 16 * small.sram.banks}))


def test_a_batch_that_does_not_fit_is_refused_with_the_largest_that_does(chip: NnaConfig) -> None:
    small = chip.with_({"sram.bytes": 24576, "compiler.batch_streams": 16})
    with pytest.raises(PlacementError, match=r"or compiler.batch_streams at most (\d+)") as refused:
        share([Model("a", trace(), 16)], small)
    most = int(str(refused.value).split("compiler.batch_streams at most ")[1].split(",")[0])
    assert share([Model("a", trace(), 16)], small.with_({"compiler.batch_streams": most})).totals.cycles


def test_a_trace_alone_has_no_batches(chip: NnaConfig) -> None:
    with pytest.raises(PlacementError, match=r"compiler.batch_streams = 2: one trace alone"):
        simulate(trace(), chip.with_({"compiler.batch_streams": 2}))


def test_more_than_can_be_served_are_refused_before_anything_is_made(chip: NnaConfig) -> None:
    long = queue_trace([np.arange(1, 100_001) * 1e-3])
    with pytest.raises(
        ConfigError, match=r"calls = 100000000: must be at most 1,000,000 of all .* 2 streams of each trace are"
    ):
        share([Model("a", long, 1000)], chip)


# --- streams --------------------------------------------------------------------------------------------------------


def test_streams_begin_within_a_frame_of_each_other(chip: NnaConfig) -> None:
    one = trace()
    even = [offset_seconds(one, number, 4, "even") for number in range(4)]
    assert even == pytest.approx([0, 0.0005, 0.001, 0.0015])
    assert {offset_seconds(one, number, 4, "together") for number in range(4)} == {0.0}
    random = [offset_seconds(one, number, 50, "random") for number in range(50)]
    assert len(set(random)) == 50
    assert all(0 <= offset < 0.002 for offset in random)


def test_each_stream_begins_with_another_utterance(chip: NnaConfig) -> None:
    several = queue_trace([np.array([1e-3, 2e-3]), np.array([1e-3])])
    streams = all_streams(planned([tenant("a", several, chip, 3)], chip, "together"), "together")
    assert [[played.utterance for played in stream.played] for stream in streams] == [[0, 1], [1, 0], [0, 1]]
    assert streams[0].played[1].begins == round(2e-3 * chip.clock_hz)


def test_as_many_streams_are_found_as_are_in_time(chip: NnaConfig) -> None:
    frames = work(*range(10, 200, 10))
    result = find_streams([Model("a", frames)], chip, SharingOptions(starts="together", deadline_ms=4.5))
    assert result.search is not None
    assert (result.search.most, result.search.limit) == (4, "deadline")
    assert result.models[0].streams == 4
    assert [(tried.streams, round(tried.p99_ms or 0)) for tried in result.search.tried] == [
        (1, 1),
        (2, 2),
        (4, 4),
        (5, 5),
        (6, 6),
        (8, 8),
    ]
    late = find_streams([Model("a", frames)], chip, SharingOptions(deadline_ms=0.5))
    assert late.search is not None
    assert (late.search.most, late.models[0].streams) == (0, 1)
    few = find_streams([Model("a", frames)], chip, SharingOptions(deadline_ms=9), most=3)
    assert few.search is not None
    assert (few.search.most, few.search.limit) == (3, "asked")


def test_a_search_ends_where_the_sram_does(chip: NnaConfig) -> None:
    small = chip.with_({"sram.bytes": 16384})
    result = find_streams([Model("a", trace(frames=4))], small, SharingOptions(deadline_ms=1e5))
    assert result.search is not None
    assert result.search.limit == "sram"
    assert result.search.tried[-1].p99_ms is None


def test_deadlines_are_the_next_frame_unless_one_is_given(chip: NnaConfig) -> None:
    models = [Model("a", work(1, 2, 3)), Model("b", work(1, 2, 3))]
    assert [model.deadline_misses for model in share(models, chip).models] == [2, 3]
    given = share(models, chip, SharingOptions(deadline_ms=2.5))
    assert [model.deadline_misses for model in given.models] == [1, 2]


def test_a_run_repeats_itself(chip: NnaConfig) -> None:
    models = [Model("a", trace(), 3), Model("b", trace(LARGE), 2)]
    options = SharingOptions(policy="round_robin", starts="random")
    assert share(models, chip, options) == share(models, chip, options)


def test_runs_that_are_known_change_nothing(chip: NnaConfig) -> None:
    tenants = planned([tenant("a", trace(), chip, 2)], chip, "together")
    known: dict = {}
    ends = [serve(tenants, all_streams(tenants, "even"), "fifo", "together", known).end for _ in range(2)]
    assert ends[0] == ends[1]
