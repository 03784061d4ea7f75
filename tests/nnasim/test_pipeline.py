"""Laws of a whole simulation, on every kind of chip and system."""

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnasim.hardware import load_preset, preset_names
from nnasim.hardware.mac_arrays.law import mac_array_law
from nnasim.ir.result import SimResult
from nnasim.ir.trace import OpTrace, System
from nnasim.pipeline import simulate
from nnasim.results import SimOptions
from tests.nnasim.hardware.mac_arrays.more_macs import slower_at_most
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES, RnntShape

SMALL = RnntShape(
    name="small", input_features=32, frame_ms=2, encoder_units=64, encoder_before=1, reduction=2, encoder_after=1,
    embedding=16, prediction_units=32, prediction_layers=1, joint_units=32, outputs=12,
)  # fmt: skip


def trace(system: str = "aat", frames: int = 6, symbols: int = 3, preset: str = "edge256") -> OpTrace:
    numerics = load_preset(preset).numerics
    return build_trace(SMALL, frames, symbols, system=system, numerics=numerics)  # type: ignore[arg-type]


def run(*overrides: str, system: str = "aat", preset: str = "edge256", replay: bool = True) -> SimResult:
    return simulate(trace(system, preset=preset), load_preset(preset, list(overrides)), SimOptions(replay=replay))


TIGHT = "sram.bytes=24000"  # most weights stream


@pytest.mark.parametrize("preset", preset_names())
@pytest.mark.parametrize("system", ["float", "cpu_int8", "cpu_fallback", "naive", "aat"])
def test_replay_equals_the_run_of_every_event_in_every_figure(preset: str, system: str) -> None:
    assert run(system=system, preset=preset) == run(system=system, preset=preset, replay=False)


@pytest.mark.parametrize("preset", preset_names())
def test_the_laws_hold_on_every_chip(preset: str) -> None:
    result = run(preset=preset)
    for block, time in result.blocks.items():
        assert time.busy + time.stall + time.idle == result.totals.cycles, block
    assert result.bound_cycles <= result.extra.busy_cycles <= result.totals.cycles
    assert sum(op.bytes for op in result.ops) == result.totals.dram_bytes
    assert sum(op.macs for op in result.ops) == result.totals.macs
    assert sum(op.count for op in result.ops if op.kind == "handoff") == result.totals.handoffs


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([name for name in preset_names() if load_preset(name).dram.model == "steady"]),
    st.sampled_from(get_args(System)),
    st.floats(7, 11),
    st.floats(0.3, 1),
    st.sampled_from(["null", "1e9", "1e12"]),
)
def test_no_system_is_faster_than_its_bytes_over_the_bandwidth(
    preset: str, system: str, log_rate: float, efficiency: float, own: str
) -> None:
    rate = 10**log_rate
    small_memory = () if preset == "nvdla_small" else ("sram.weight_tile_bytes=4096", "dma.alignment_bytes=16")
    chip = [f"dram.bytes_per_second={rate!r}", f"dram.efficiency={efficiency!r}", "host.cache_bytes=0"]
    result = run(*small_memory, *chip, f"host.memory_bytes_per_second={own}", system=system, preset=preset)
    seconds, dram = result.extra.busy_cycles / result.clock_hz, result.blocks["dram"]
    needed = result.totals.dram_bytes / (rate * efficiency)
    assert seconds >= needed * (1 - 1e-9)
    reads = sum(op.count for op in result.ops) * 64
    assert needed * (1 - 1e-9) <= dram.busy / result.clock_hz <= needed * (1 + 1e-9) + reads / result.clock_hz
    if system == "float" and own != "null":
        assert seconds >= result.totals.dram_bytes / float(own) * (1 - 1e-9)
    for block, time in result.blocks.items():
        assert time.busy + time.stall + time.idle == result.totals.cycles, block
        assert min(time.busy, time.stall, time.idle) >= 0, block


@pytest.mark.parametrize("rate", ["0.5e9", "3.75e9", "50e9"])
def test_a_cpu_only_arm_follows_the_drams_bandwidth_in_both_directions(rate: str) -> None:
    result = run("host.cache_bytes=0", "host.float_matmul_gflops=1000", f"dram.bytes_per_second={rate}", system="float")
    matmuls = [op for op in result.ops if op.kind == "matmul"]
    cycles = sum(op.cycles + op.stall_cycles for op in matmuls)
    assert cycles == pytest.approx(result.totals.dram_bytes / (0.8 * float(rate)) * result.clock_hz, rel=0.05)


def test_a_dram_far_faster_than_the_chip_is_hardly_busy() -> None:
    """At 64 GB/s the SRAM port holds the DRAM back, which is no work of the DRAM."""
    result = run(TIGHT, "sram.resident_weights=[]", "dram.bytes_per_second=64e9", "dma.outstanding_bursts=4096")
    dram, needed = result.blocks["dram"], result.totals.dram_bytes / (0.8 * 64e9) * result.clock_hz
    assert needed <= dram.busy <= 1.1 * needed
    assert dram.stall > dram.busy


@pytest.mark.parametrize("system", ["float", "cpu_int8", "cpu_fallback", "aat"])
def test_work_and_waiting_of_the_operations_fill_the_busy_time(system: str) -> None:
    """Commands run one after another, so what they spend adds up to the cycles in which anything ran."""
    result = run(TIGHT, system=system)
    boot = sum(op.cycles for op in result.ops if op.graph == "boot")
    spent = sum(op.cycles + op.stall_cycles for op in result.ops if op.graph != "boot")
    boot_latency = 500 if boot else 0
    assert spent + boot <= result.extra.busy_cycles <= spent + boot + 2 * boot_latency


def test_the_same_run_gives_the_same_bytes() -> None:
    assert run(TIGHT).model_dump_json() == run(TIGHT).model_dump_json()


def test_the_result_names_what_determined_it() -> None:
    result = run()
    assert (result.system, result.preset) == ("aat", "edge256")
    assert result.numerics_hash == trace().numerics.digest()
    assert result.hardware_hash == load_preset("edge256").digest()
    assert {name for name, stays in result.residency.items() if not stays} == {"embedding.w"}  # read four times
    assert any("DRAM refresh" in line for line in result.not_modelled)


def test_no_frame_starts_before_its_audio_and_frames_queue_when_the_chip_is_late() -> None:
    late = run("host.handoff_us=5000")
    rows = list(zip(late.frames.arrival, late.frames.start, late.frames.end, strict=True))
    assert all(arrival <= start < end for arrival, start, end in rows)
    assert all(start >= end for (_, start, _), (_, _, end) in zip(rows[1:], rows, strict=False))
    assert rows[-1][1] > rows[-1][0]


def test_engine_latency_counts_from_the_last_audio_to_the_end() -> None:
    result = run()
    cycles = result.frames.end[-1] - result.frames.arrival[-1]
    assert result.utterances[0].engine_latency_ms == cycles * 1e3 / result.clock_hz


def test_user_perceived_latency_shows_its_parts() -> None:
    work = trace()
    utterance = work.utterances[0].model_copy(update={"speech_end": 0.004, "emissions": (1, 5)})
    timed = work.model_copy(update={"utterances": (utterance,)})
    times = simulate(timed, load_preset("edge256"), SimOptions(endpointer_ms=200)).utterances[0]
    assert times.upl_parts_ms["half_chunk"] == pytest.approx(1)
    assert times.upl_parts_ms["emission_delay"] == pytest.approx(6)  # frame 5, where speech ended in frame 2
    assert times.upl_parts_ms["endpointer"] == 200
    assert times.upl_ms == pytest.approx(sum(times.upl_parts_ms.values()))
    parts = simulate(work, load_preset("edge256")).utterances[0].upl_parts_ms
    assert set(parts) == {"half_chunk", "engine"}  # nobody knows when speech ended or how long the endpointer waits


def test_without_an_energy_table_energy_is_not_computed() -> None:
    assert run("energy=null").totals.energy_mj is None
    result = run()
    low, nominal, high = result.extra.energy_mj["total"]
    assert 0 < low < nominal < high
    assert result.totals.energy_mj == nominal


def test_the_float_system_never_touches_the_chip() -> None:
    result = run(system="float")
    assert (result.totals.handoffs, result.totals.nna_cycles) == (0, 0)
    assert result.blocks["host"].busy > 0


def test_other_work_on_the_cpu_delays_frames_and_repeats_with_its_seed() -> None:
    load = ("host.other_load_per_second=900", "host.other_load_us=1000")
    quiet, loaded, again = run(), run(*load), run(*load)
    assert loaded == again
    assert sum(loaded.frames.end) > sum(quiet.frames.end)
    assert loaded.blocks["host"].stall > 0


def test_a_cpu_that_takes_half_the_dram_halves_the_rate() -> None:
    alone, shared = (run(TIGHT, f"dram.cpu_share={share}") for share in (0, 0.5))
    assert shared.blocks["dram"].busy == pytest.approx(2 * alone.blocks["dram"].busy, rel=0.01)


def test_spans_show_one_frame_with_its_prediction() -> None:
    result = run(TIGHT)
    names = {span.name for span in result.spans}
    assert {"enc1.x", "pred0.x", "output.mm", "handoff.to_cpu"} <= names
    for block in {span.block for span in result.spans}:
        tracks = sorted((s.track, s.start, s.end) for s in result.spans if s.block == block)
        pairs = pairwise(tracks)
        assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairs), f"{block}: spans of one track overlap"


# "Not slower" within this: a larger SRAM moves tile borders, and one tile more or less stands at a border per matmul.
SLACK = 1.03


def busy(*overrides: str) -> int:
    result = run(*overrides)
    boot = sum(op.cycles + 1000 for op in result.ops if op.graph == "boot")
    return int(result.extra.busy_cycles) - boot


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from([("sram.bytes", 18_000, 90_000), ("dram.bytes_per_second", 10**8, 10**11)]),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from(["vector", "dot_product", "systolic"]),
)
def test_more_sram_or_bandwidth_is_never_slower(field, first: float, second: float, kind: str) -> None:
    name, low, high = field
    small, large = sorted(int(low * (high / low) ** share) // 4 * 4 for share in (first, second))
    base = (f"mac_array.kind={kind}", TIGHT)
    assert busy(*base, f"{name}={large}") <= busy(*base, f"{name}={small}") * SLACK


FAMILIES = [("vector", "ws"), ("dot_product", "ws"), ("systolic", "ws"), ("systolic", "os"), ("systolic", "is")]
ALL_STREAM = ("sram.bytes=100000", "sram.resident_weights=[]", "mac_array.decoded_weights_per_cycle=null")


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(FAMILIES), st.integers(3, 11), st.integers(0, 5), st.sampled_from(["1e9", "1e11"]))
def test_more_macs_are_never_slower_than_by_what_does_not_fill_them(
    family: tuple[str, str], log_macs: int, more: int, rate: str
) -> None:
    """Beyond the array's own bound, a tile has whole steps: a matmul may wait for the weights of one wider step."""
    base = (*ALL_STREAM, f"mac_array.kind={family[0]}", f"mac_array.dataflow={family[1]}")
    sizes = [f"mac_array.macs_per_cycle={2**log}" for log in (log_macs, log_macs + more)]
    few, many = (load_preset("edge256", [*base, size]).mac_array for size in sizes)
    slow, fast = (run(*base, size, f"dram.bytes_per_second={rate}") for size in sizes)
    products = {op.name: op for graph in trace().graphs.values() for op in graph.ops if op.kind == "matmul"}
    allowed = 0.0
    for op in (op for op in slow.ops if op.op in products):
        n, k = trace().tensors[products[op.op].weight].shape
        step = min(n, mac_array_law(many).output_granule) * (k + 4) / min(float(rate) / 500e6, 16)
        allowed += op.count * (slower_at_most(few, many, 1, n, k) + step * (many.kind != "vector"))
    assert fast.extra.busy_cycles <= slow.extra.busy_cycles + allowed


def test_the_paper_sized_shape_is_weight_bound_on_edge256() -> None:
    paper = build_trace(SHAPES["rnnt-paper"], 3, 1)
    result = simulate(paper, load_preset("edge256"))
    at_full_rate = result.totals.dram_bytes / (0.8 * 3.75e9 / 500e6)
    assert at_full_rate <= result.totals.nna_cycles <= 1.02 * at_full_rate


@pytest.mark.parametrize("rate", ["1e9", "3.75e9"])
def test_where_dram_is_the_limit_a_frame_takes_its_bytes_over_the_bandwidth(rate: str) -> None:
    paper = build_trace(SHAPES["rnnt-paper"], 2, 0)
    result = simulate(paper, load_preset("edge256", [f"dram.bytes_per_second={rate}", "host.handoff_us=0"]))
    frame = result.frames.end[1] - max(result.frames.start[1], result.frames.end[0])
    moved = sum(op.bytes for op in result.ops if op.graph in ("encoder", "joint")) / 2
    assert frame == pytest.approx(moved / (0.8 * float(rate) / 500e6), rel=0.02)
