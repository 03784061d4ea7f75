"""Chunks of frames: one projection for several frames, the same work otherwise, and honest latencies."""

from collections import Counter
from collections.abc import Callable

import pytest

from nnasim.compiler import AT_START, CompiledTrace
from nnasim.compiler.chunking import encoder_graphs
from nnasim.compiler.policies import POLICIES, placed
from nnasim.errors import PlacementError
from nnasim.hardware import NnaConfig, load_preset
from nnasim.ir.program import MatmulCommand
from nnasim.ir.result import SimResult
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate
from nnasim.results import SimOptions
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES, RnntShape

STREAMS = "sram.bytes=40000"  # too little for the weights, enough for chunks of eight
REDUCED = RnntShape(
    name="reduced", input_features=32, frame_ms=2, encoder_units=64, encoder_before=1, reduction=2, encoder_after=1,
    embedding=16, prediction_units=32, prediction_layers=1, joint_units=32, outputs=12,
)  # fmt: skip


def chip(frames: int, *overrides: str, preset: str = "edge256") -> NnaConfig:
    return load_preset(preset, [f"compiler.chunk_frames={frames}", *overrides])


def run(trace: OpTrace, frames: int, *overrides: str, preset: str = "edge256") -> SimResult:
    return simulate(trace, chip(frames, *overrides, preset=preset))


def latencies(result: SimResult) -> list[int]:
    return [end - arrival for arrival, end in zip(result.frames.arrival, result.frames.end, strict=True)]


def test_a_chunk_of_one_frame_changes_nothing(small: Callable[..., OpTrace]) -> None:
    trace = small()
    assert CompiledTrace(trace, chip(1)).trace is trace


def test_a_projection_has_a_row_per_frame_and_the_recurrence_one_step_per_frame(small) -> None:
    compiled = CompiledTrace(small(frames=4), chip(4))
    program = compiled.program("encoder@4", AT_START)
    rows = [(program.ops[c.op].name, c.m) for c in program.commands if isinstance(c, MatmulCommand)]
    assert rows == [
        ("enc0.x", 4), *[("enc0.h_mm", 1)] * 4, ("enc1.x", 4), *[("enc1.h_mm", 1)] * 4, ("joint_enc.mm", 4),
    ]  # fmt: skip


def test_what_is_left_of_an_utterance_is_a_shorter_chunk_and_a_single_frame_the_plain_graph(small) -> None:
    graphs = {frames: CompiledTrace(small(frames=frames), chip(4)).trace.utterances[0].call_graphs for frames in (7, 9)}
    assert [name for name in graphs[7] if name.startswith("encoder@")] == ["encoder@4", "encoder@3"]
    assert [name for name in graphs[9] if name in ("encoder", "encoder@4")] == ["encoder@4", "encoder@4", "encoder"]


@pytest.mark.parametrize("preset", ["edge256", "systolic", "nvdla_small"])
@pytest.mark.parametrize("system", ["float", "cpu_int8", "cpu_fallback", "aat"])
@pytest.mark.parametrize("frames", [2, 3, 8])
def test_a_chunk_does_the_same_work(preset: str, system: str, frames: int) -> None:
    """The same multiplications, and every operation of the network as often; copies and gathers come on top."""
    trace = build_trace(REDUCED, 10, 4, system=system)  # type: ignore[arg-type]
    plain, chunks = run(trace, 1, preset=preset), run(trace, frames, preset=preset)
    assert chunks.totals.macs == plain.totals.macs
    counts = [Counter({op.op: 0 for op in r.ops}) for r in (plain, chunks)]
    for count, result in zip(counts, (plain, chunks), strict=True):
        for op in result.ops:
            count[op.op] += op.count
    steps = {op.op for op in plain.ops if ".h_mm" in op.op or ".gates" in op.op or op.layer == "output"}
    assert {name: counts[0][name] for name in steps} == {name: counts[1][name] for name in steps}
    assert counts[1]["enc0.x"] == -(-10 // frames)


def test_weights_that_stream_are_read_once_per_chunk(small) -> None:
    """Traffic falls by what the projections no longer read, to the byte."""
    trace = small(frames=8, symbols=0)
    none_stays = "sram.resident_weights=[]"
    plain, chunks = run(trace, 1, none_stays), run(trace, 4, none_stays)
    read = {op.op: op.bytes for op in plain.ops}
    saved = sum(read[name] for name in ("enc0.x", "enc1.x", "joint_enc.mm")) * 3 // 4
    assert chunks.totals.dram_bytes == plain.totals.dram_bytes - saved
    assert chunks.extra.busy_cycles < plain.extra.busy_cycles


def test_a_frame_waits_for_the_last_of_its_chunk_and_its_latency_says_so(small) -> None:
    result = run(small(frames=8, symbols=2), 4)
    frames = result.frames
    assert frames.frame == tuple(range(8))
    assert frames.start[4] == frames.arrival[7]  # the prediction before the first frame needs no audio
    period = frames.arrival[1] - frames.arrival[0]
    waits = [latency - latencies(result)[3] for latency in latencies(result)[:4]]
    assert all(wait > (2.5 - index) * period for index, wait in enumerate(waits[:3]))


def test_frames_without_an_output_of_their_own_end_with_their_chunk() -> None:
    result = run(build_trace(REDUCED, 8, 2), 4)
    columns = [getattr(result.frames, name) for name in ("arrival", "start", "end")]
    assert result.frames.frame == tuple(range(8))
    assert all(end > start >= arrival for arrival, start, end in zip(*columns, strict=True))


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_a_placement_of_single_operations_holds_in_a_chunk(small, policy: str) -> None:
    """Whatever stood on the CPU stands there in each of a chunk's steps; only what joins the steps is new."""
    trace = placed(small(frames=6), POLICIES[policy])
    plain, chunks = CompiledTrace(trace, chip(1)), CompiledTrace(trace, chip(3))
    units = chunks.units["encoder@3"]
    new = [name for name in units if chunks.origin[name] not in plain.units["encoder"]]
    assert all(name.endswith(".rows") for name in new)
    for name in set(units) - set(new):
        assert units[name] == plain.units["encoder"][chunks.origin[name]], name


@pytest.mark.parametrize("system", ["cpu_fallback", "aat"])
def test_replay_equals_the_run_of_every_event(system: str) -> None:
    trace = build_trace(REDUCED, 10, 4, system=system)  # type: ignore[arg-type]
    config = chip(4, STREAMS)
    assert simulate(trace, config, SimOptions(replay=True)) == simulate(trace, config, SimOptions(replay=False))


def test_a_result_names_the_trace_that_was_given(small) -> None:
    trace = small()
    assert run(trace, 4).trace_hash == run(trace, 1).trace_hash


def test_a_chunk_that_the_sram_cannot_hold_is_refused_with_the_largest_that_it_can(small) -> None:
    trace = small(frames=12)
    tight = "sram.bytes=15000"
    with pytest.raises(PlacementError, match=r"compiler.chunk_frames = 12: .* must be at most \d+ ") as refused:
        run(trace, 12, tight)
    most = int(str(refused.value).split("at most ")[1].split()[0])
    assert run(trace, most, tight)
    with pytest.raises(PlacementError, match=f"must be at most {most} "):
        run(trace, most + 1, tight)


def test_where_a_single_frame_does_not_fit_the_chunk_is_not_to_blame(small) -> None:
    with pytest.raises(PlacementError, match=r"sram.bytes must be at least") as refused:
        run(small(), 4, "sram.bytes=2000")
    assert "chunk" not in str(refused.value)


def test_an_encoder_that_listens_to_the_decoder_cannot_run_ahead(small) -> None:
    trace = small()
    encoder = trace.graphs["encoder"]
    fed = encoder.ops[4].model_copy(update={"inputs": ("joint.pred",), "outputs": ("joint.pred",)})
    graphs = {**trace.graphs, "encoder": encoder.model_copy(update={"ops": (*encoder.ops, fed)})}
    coupled = trace.model_copy(update={"graphs": graphs})
    assert encoder_graphs(coupled) == frozenset()
    with pytest.raises(PlacementError, match=r"compiler\.chunk_frames must be 1"):
        CompiledTrace(coupled, chip(2))


def test_any_name_is_free_for_a_trace(small) -> None:
    """Names with the marks that chunking would use cost the same, and each keeps its own line in the result."""
    trace = small(frames=6)
    text = trace.model_dump_json().replace('"enc0.', '"enc0@4#1.').replace('"features"', '"features#@@"')
    named = OpTrace.model_validate_json(text.replace('"encoder"', '"encoder@4"'))
    plain, marked = run(trace, 4), run(named, 4)
    assert marked.totals == plain.totals
    lines = {op.op: (op.count, op.cycles, op.macs) for op in plain.ops}
    assert {op.op.replace("enc0@4#1.", "enc0."): (op.count, op.cycles, op.macs) for op in marked.ops} == lines


def test_the_paper_sized_encoder_trades_latency_for_traffic() -> None:
    """On a DRAM too slow for real time, chunks bring the backlog down; on a fast one they only cost latency."""
    trace = build_trace(SHAPES["rnnt-paper"], 4, 0)
    plain, chunks = run(trace, 1), run(trace, 4)
    assert chunks.totals.dram_bytes < 0.75 * plain.totals.dram_bytes
    assert min(latencies(chunks)) > max(latencies(plain))
    slow = "dram.bytes_per_second=1e9"
    assert run(trace, 4, slow).utterances[0].busy_ms < 0.75 * run(trace, 1, slow).utterances[0].busy_ms
