import pytest

from nnasim.fast_latency import cost, schedule
from nnasim.hardware import load_preset
from nnasim.pipeline import simulate
from nnasim.results import SimOptions
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

TINY = RnntShape(
    input_features=16, frame_ms=1, encoder_units=64, encoder_before=2, reduction=2, encoder_after=1, embedding=16,
    prediction_units=32, prediction_layers=1, joint_units=32, outputs=40,
)  # fmt: skip


@pytest.mark.parametrize("system", ["aat", "cpu_fallback", "cpu_int8"])
@pytest.mark.parametrize("chunk", [1, 5])
def test_a_schedule_made_on_one_chip_gives_what_the_simulation_gives_on_another(system: str, chunk: int) -> None:
    trace = build_trace(TINY, 12, 4, system=system)  # type: ignore[arg-type]
    frames = f"compiler.chunk_frames={chunk}"
    plan = schedule(trace, load_preset("edge256", [frames]))
    other = load_preset("edge256", [frames, "host.handoff_us=90", "dram.bytes_per_second=1e9"])
    fast_cost, expected = cost(plan, other), simulate(trace, other)
    assert fast_cost.engine_latency_ms == tuple(utterance.engine_latency_ms for utterance in expected.utterances)
    assert fast_cost.handoffs == expected.totals.handoffs
    assert (fast_cost.handoffs > 0) == (system != "cpu_int8")
    assert fast_cost.busy_ms == pytest.approx(sum(utterance.busy_ms for utterance in expected.utterances))


def test_a_chip_whose_cpu_has_other_work_costs_what_its_events_say() -> None:
    trace = build_trace(TINY, 12, 4, system="cpu_fallback")
    loaded = load_preset("edge256", ["host.other_load_per_second=3000", "host.other_load_us=100"])
    fast_cost, expected = cost(schedule(trace, loaded), loaded), simulate(trace, loaded)
    assert fast_cost.engine_latency_ms == tuple(utterance.engine_latency_ms for utterance in expected.utterances)
    assert fast_cost.busy_ms == pytest.approx(sum(utterance.busy_ms for utterance in expected.utterances))


def test_a_cpu_that_reads_beside_the_dmas_prefetch_costs_the_same_in_events_replay_and_schedule() -> None:
    """The output layer alone on the CPU: its weights and the next layer's share the DRAM."""
    trace = build_trace(TINY, 12, 4)
    trace = trace.model_copy(update={"placement": {**trace.placement, "output_layer": "cpu"}})
    chip = load_preset("edge256", ["sram.bytes=40000", "host.cache_bytes=0", "dram.bytes_per_second=0.3e9"])
    events, replayed = (simulate(trace, chip, SimOptions(replay=replay)) for replay in (False, True))
    assert events == replayed
    assert cost(schedule(trace, chip), chip).engine_latency_ms == (events.utterances[0].engine_latency_ms,)
    alone = simulate(trace, load_preset("edge256", ["sram.bytes=40000", "dram.bytes_per_second=0.3e9"]))
    assert alone.totals.dram_bytes < events.totals.dram_bytes
    assert alone.extra.busy_cycles < events.extra.busy_cycles
