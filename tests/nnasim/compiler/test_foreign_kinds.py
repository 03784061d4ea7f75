"""Models from anywhere in time: what each kind of operation becomes, where it stands, what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nnasim.analysis.roofline import bound_cycles
from nnasim.compiler import AT_START, CompiledTrace
from nnasim.compiler.addresses import address_map
from nnasim.compiler.schedule import utterance_steps
from nnasim.compiler.weights import WeightUse
from nnasim.errors import PlacementError
from nnasim.hardware import NnaConfig, load_preset, preset_names
from nnasim.ir.operands import PRODUCTS
from nnasim.ir.program import Command, ElementCommand, HandoffCommand, HostCommand, MatmulCommand, Program, ViewCommand
from nnasim.ir.shapes import macs_of
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate
from nnasim.results import SimOptions
from nnasim.sim.run import run_program
from tests.nnasim.ir.foreign_traces import (
    TRACES,
    TraceBuilder,
    attention_trace,
    conv_trace,
    depthwise_trace,
    host_trace,
    movement_trace,
    residual_trace,
    two_inputs_trace,
)

STREAMS = ["sram.resident_weights=[]"]


def made_for(chip: NnaConfig, trace: OpTrace) -> OpTrace:
    """``trace`` in the arithmetic of ``chip``."""
    return trace.model_copy(update={"numerics": chip.numerics})


def program_of(trace: OpTrace, preset: str = "edge256", overrides: list[str] | None = None) -> Program:
    return CompiledTrace(trace, load_preset(preset, overrides or [])).program("step", AT_START)


def commands_of(program: Program, name: str) -> list[Command]:
    return [command for command in program.commands if program.ops[command.op].name == name]


def tiles_of(program: Program, name: str) -> Iterator[MatmulCommand]:
    for command in commands_of(program, name):
        assert isinstance(command, MatmulCommand)
        yield command


@pytest.mark.parametrize("preset", preset_names())
@pytest.mark.parametrize("name", TRACES)
def test_every_kind_runs_on_every_chip_with_the_macs_of_its_shapes(name: str, preset: str) -> None:
    chip = load_preset(preset)
    trace = made_for(chip, TRACES[name]())
    compiled = CompiledTrace(trace, chip)
    address_map(compiled)
    macs = sum(macs_of(op, trace.tensors) for op in trace.graphs["step"].ops)
    for step in utterance_steps(compiled, trace.utterances[0]):
        run = run_program(step.program, chip)
        assert run.cycles >= bound_cycles(step.program, chip) > 0
        assert step.program.macs == (macs if step.program.graph == "step" else 0)
    result = simulate(trace, chip)
    assert result == simulate(trace, chip, SimOptions(replay=False))
    assert result.totals.macs == 3 * macs
    assert {op.op for op in result.ops if op.graph == "step" and op.kind != "handoff"} == set(compiled.units["step"])


@pytest.mark.parametrize("preset", preset_names())
def test_a_convolution_is_a_product_of_output_positions_and_kernels(preset: str) -> None:
    tiles = list(tiles_of(program_of(conv_trace(), preset), "encoder/conv"))
    assert {(tile.m, tile.k, tile.taps) for tile in tiles} == {(3, 48, 3)}
    assert sum(tile.n for tile in tiles) == 32
    picture = list(tiles_of(program_of(conv_trace(), preset), "front/conv"))
    assert {(tile.m, tile.k, tile.taps) for tile in picture} == {(5 * 6, 18, 6)}


def test_each_group_of_a_depthwise_convolution_is_one_channel() -> None:
    program = program_of(depthwise_trace())
    (depthwise,) = tiles_of(program, "block/depthwise")
    (dense,) = tiles_of(program, "block/pointwise")
    assert (depthwise.m, depthwise.n, depthwise.k, depthwise.groups) == (6, 16, 5, 16)
    assert (dense.m, dense.n, dense.k, dense.groups) == (6, 24, 16, 1)


@pytest.mark.parametrize(("rows", "group"), [(32, 8), (32, 1), (24, 24), (30, 10), (7, 7)])
@pytest.mark.parametrize("most", [1, 3, 4, 8, 9, 16, 32])
def test_no_tile_holds_parts_of_two_groups(rows: int, group: int, most: int) -> None:
    use = WeightUse(tensor="w", layer="", bias=None, rows=rows, row_bytes=5, uses=1, lookups=0, group=group)
    tiles = list(use.cut(min(most, rows)).tiles())
    assert [row for row, _ in tiles] == [sum(count for _, count in tiles[:index]) for index in range(len(tiles))]
    assert sum(count for _, count in tiles) == rows
    for row, count in tiles:
        assert count <= most
        assert row // group == (row + count - 1) // group or (row % group, count % group) == (0, 0)


def test_tiles_of_groups_stream_and_say_how_many_groups_they_hold() -> None:
    tight = ["sram.weight_tile_bytes=16", "sram.resident_weights=[]", "dma.alignment_bytes=1"]
    trace = conv_trace(4)
    compiled = CompiledTrace(trace, load_preset("edge256", tight))
    program = compiled.program("step", AT_START)
    tiles = list(tiles_of(program, "encoder/conv"))
    assert {tile.groups for tile in tiles} == {1}
    assert [tile.row for tile in tiles] == list(range(32))
    fetched = sum(program.transfers[tile.transfer].bytes for tile in tiles if tile.transfer is not None)
    assert fetched == 32 * compiled.uses["encoder/conv.w"].row_bytes == 32 * (4 * 3 + 4)
    (whole,) = tiles_of(program_of(trace), "encoder/conv")
    assert (whole.n, whole.groups) == (32, 4)


@pytest.mark.parametrize("preset", preset_names())
def test_what_is_computed_is_no_weight_whoever_it_is_multiplied_with(preset: str) -> None:
    """Keys and values are states: never resident, never loaded at boot, never streamed."""
    trace = attention_trace()
    for overrides in ([], STREAMS):
        chip = load_preset(preset, overrides)
        compiled = CompiledTrace(made_for(chip, trace), chip)
        program, boot = compiled.program("step", AT_START), compiled.boot()
        assert {*compiled.uses} == {"attention/q.w", "attention/k.w", "attention/v.w"}
        loaded = {transfer.tensor for transfer in (*program.transfers, *(boot.transfers if boot else ()))}
        assert loaded <= {*compiled.uses}
        (scores,) = tiles_of(program, "attention/scores")
        assert (scores.m, scores.n, scores.k, scores.groups, scores.flowing) == (4, 2 * 6, 8, 2, True)
        assert scores.transfer is None
        (mixed,) = tiles_of(program, "attention/mix")
        assert (mixed.m, mixed.n, mixed.k, mixed.groups) == (4, 2 * 8, 6, 2)
        assert scores.sram_bytes == 2 * 4 * 8 + 2 * 6 * 8 + 4 * 2 * 4 * 6


def test_kinds_that_reduce_are_priced_by_what_they_read_and_others_by_what_they_make() -> None:
    program = program_of(movement_trace())
    elements = {
        program.ops[command.op].name: command.elements
        for command in program.commands
        if isinstance(command, ElementCommand)
    }
    assert elements == {
        "m/split": 24, "m/rows": 24, "m/reverse": 8, "m/join": 24, "m/minus": 24, "m/mean": 24, "m/scale": 24,
        "m/stretch": 24, "m/sum": 24, "m/last": 6,
    }  # fmt: skip


def test_a_view_costs_neither_time_nor_memory_nor_a_crossing() -> None:
    trace, chip = attention_trace(), load_preset("edge256")
    program, regions = program_of(trace), address_map(CompiledTrace(trace, chip)).arenas["step"]
    views = [program.ops[command.op] for command in program.commands if isinstance(command, ViewCommand)]
    assert [view.name for view in views] == [f"attention/{name}/part" for name in "qkv"] + ["attention/join"]
    assert {view.unit for view in views} == {"nna"}
    assert (regions["a.q.parted"].address, regions["a.q.parted"].bytes) == (regions["a.q"].address, 64)
    moved = trace.model_copy(update={"op_placement": {"attention/q/part": "cpu"}})
    assert run_program(program_of(moved), chip).cycles == run_program(program, chip).cycles
    costs = {op.op: (op.count, op.cycles) for op in simulate(trace, chip).ops}
    assert costs["attention/q/part"] == (3, 0)


def test_what_the_host_alone_can_do_costs_its_elements_and_two_crossings() -> None:
    program = program_of(host_trace())
    (top,) = commands_of(program, "body/top")
    assert isinstance(top, HostCommand)
    assert (top.kind, top.elements, top.macs) == ("host", 20, 0)
    assert [command.to for command in program.commands if isinstance(command, HandoffCommand)] == ["nna", "cpu", "nna"]


def test_what_the_host_multiplies_is_counted_and_priced_by_its_macs() -> None:
    build = TraceBuilder()
    x = build.quantised("x", 4, 10)
    weight = build.tensor("up.w", 4, 6, 2, bits=32, role="weight")
    told: dict[str, Any] = {"operator": "ConvTranspose", "macs": 4 * 10 * 6 * 2}
    build.op("up", "host", [x, weight], build.tensor("y", 6, 20, role="output"), **told)
    chip = load_preset("edge256")
    (up,) = commands_of(program_of(build.trace()), "up")
    assert isinstance(up, HostCommand)
    assert (up.macs, up.elements, up.dram_bytes) == (480, 0, 4 * 6 * 2 * 4 if chip.host.cache_bytes < 192 else 0)
    assert simulate(build.trace(), chip).totals.macs == 3 * 480


def test_every_product_on_the_cpu_is_priced_by_its_macs() -> None:
    for trace in (conv_trace(), attention_trace()):
        on_cpu = trace.model_copy(update={"placement": dict.fromkeys(trace.placement, "cpu")})
        program = program_of(on_cpu)
        macs = {program.ops[c.op].name: c.macs for c in program.commands if isinstance(c, HostCommand) and c.macs}
        assert macs == {op.name: macs_of(op, trace.tensors) for op in trace.graphs["step"].ops if op.kind in PRODUCTS}


def test_an_embedding_of_several_tokens_is_a_pass_and_a_row_for_each() -> None:
    build = TraceBuilder()
    tokens = build.tensor("context", 2, bits=16, role="state")
    weight = build.tensor("decoder/embedding.w", 50, 24, role="weight")
    rows = build.op("decoder/embedding", "embedding", [tokens, weight], build.tensor("rows", 2, 24))
    build.op("decoder/best", "argmax", [rows], tokens)
    trace = build.trace()
    compiled = CompiledTrace(trace, load_preset("edge256", STREAMS))
    program = compiled.program("step", AT_START)
    passes = [c for c in commands_of(program, "decoder/embedding") if isinstance(c, ElementCommand)]
    assert [(c.part, c.elements, c.transfer) for c in passes] == [(0, 24, 0), (1, 24, 1)]
    assert [(t.row, t.rows, t.bytes) for t in program.transfers] == [(0, 1, 32), (1, 1, 32)]
    assert (compiled.uses["decoder/embedding.w"].uses, compiled.uses["decoder/embedding.w"].lookups) == (0, 6)
    assert run_program(program, compiled.chip).cycles > 0


def test_a_weight_that_is_looked_up_and_multiplied_with_is_stored_once() -> None:
    build = TraceBuilder()
    token = build.tensor("token", 1, bits=16, role="state")
    weight = build.tensor("tied.w", 50, 24, role="weight")
    row = build.op("embedding", "embedding", [token, weight], build.tensor("row", 1, 24))
    logits = build.op("output", "matmul", [row, weight], build.tensor("logits", 1, 50, bits=32))
    build.op("best", "argmax", [logits], token, axis=1)
    compiled = CompiledTrace(build.trace(), load_preset("edge256", STREAMS))
    use = compiled.uses["tied.w"]
    assert (use.rows, use.row_bytes, use.uses, use.lookups, use.rows_per_use) == (50, 24, 3, 3, 50)
    assert compiled.program("step", AT_START).macs == 50 * 24


def test_a_weight_with_two_biases_is_refused_by_name() -> None:
    build = TraceBuilder()
    x = build.quantised("x", 8)
    build.matmul("first", x, 4, out="y", role="output")
    bias = build.tensor("second.b", 4, bits=32, role="bias")
    build.op("second", "matmul", [x, "first.w", bias], build.tensor("z", 4, bits=32, role="output"))
    with pytest.raises(
        PlacementError, match=r"weight first\.w: biases = \['first\.b', 'second\.b'\]: .* so a weight has"
    ):
        CompiledTrace(build.trace(), load_preset("edge256"))


@pytest.mark.parametrize("kind", ["conv", "bmm"])
def test_operands_that_the_array_cannot_multiply_with_are_refused_by_name(kind: str) -> None:
    trace, name = (conv_trace(), "encoder/conv.w") if kind == "conv" else (attention_trace(), "a.k.cache")
    wide = trace.tensors[name].model_copy(update={"bits": 32})
    with pytest.raises(PlacementError, match=r"bits = 32: .* 32-bit (weight|operand)s belong on the CPU"):
        CompiledTrace(trace.model_copy(update={"tensors": trace.tensors | {name: wide}}), load_preset("edge256"))


def test_requantising_alone_is_the_cpus_on_a_chip_without_an_activation_unit() -> None:
    """It rides behind no product here, and no other unit of this chip could do it."""
    trace, chip = residual_trace(), load_preset("nvdla_small")
    compiled = CompiledTrace(trace, chip)
    units = compiled.units["step"]
    assert (units["block/narrow"], units["fed/requantise"]) == ("cpu", "nna")
    assert "requantise" in compiled.fallen
    fallback = simulate(trace, chip).fallback
    assert fallback is not None
    assert "requantise" in fallback.kinds


def test_a_requantise_whose_accumulators_somebody_else_reads_does_not_ride() -> None:
    build = TraceBuilder()
    y = build.matmul("first", build.quantised("x", 8), 4, out="y")
    build.op("again", "add", ["first.acc", "first.acc"], build.tensor("twice", 4, bits=32, role="output"))
    build.op("out", "copy", [y], build.tensor("z", 4, role="output"))
    compiled = CompiledTrace(build.trace(), load_preset("nvdla_small"))
    assert (compiled.fused["step"], compiled.units["step"]["y/requantise"]) == (set(), "cpu")


def test_a_table_of_any_function_needs_a_unit_that_has_tables() -> None:
    trace = depthwise_trace()
    assert CompiledTrace(trace, load_preset("edge256")).units["step"]["block/silu"] == "nna"
    chip = load_preset("edge256", ["numerics.activation=plan"])
    assert CompiledTrace(made_for(chip, trace), chip).units["step"]["block/silu"] == "cpu"


def test_an_activation_rides_behind_a_convolution_and_through_a_view() -> None:
    assert {"block.p/requantise", "block/silu"} <= CompiledTrace(depthwise_trace(), load_preset("edge256")).fused[
        "step"
    ]
    build = TraceBuilder()
    y = build.matmul("first", build.quantised("x", 8), 4, out="y")
    view = build.op("view", "copy", [y], build.tensor("row", 1, 4), view=True)
    build.op("act", "table", [view, build.tensor("t", 256, role="table")], build.tensor("z", 1, 4, role="output"))
    compiled = CompiledTrace(build.trace(), load_preset("edge256"))
    assert compiled.fused["step"] == {"y/requantise", "act"}
    assert not {"first.acc", "y", "row"} & {*address_map(compiled).arenas["step"]}


def test_the_tiles_of_a_product_say_which_activation_takes_their_outputs() -> None:
    program = program_of(depthwise_trace())
    assert {tile.rides for tile in tiles_of(program, "block/pointwise")} == {"table"}
    assert {tile.rides for tile in tiles_of(program, "block/depthwise")} == {None}


def test_a_table_behind_a_convolution_of_few_taps_costs_what_it_takes_more_than_the_convolution() -> None:
    build = TraceBuilder()
    y = build.conv("wide/conv", build.quantised("x", 8, 402), 8, (3,), groups=8, out="wide.q")
    table = build.tensor("wide.table", 256, role="table")
    build.op("wide/silu", "table", [y, table], build.tensor("y", 8, 400, role="output"), function="Silu")
    cycles = []
    for rate in (0.1, 1, 4):
        chip = load_preset("edge256", [f"activation_unit.table_cycles_per_element={rate}"])
        cycles.append(next(op.cycles for op in simulate(build.trace(1), chip).ops if op.op == "wide/conv"))
    assert cycles == [390 + 8 * 400 // 4, 390 + 8 * 400, 390 + 4 * 8 * 400]


def test_an_output_stands_until_the_host_has_fetched_it() -> None:
    """Whatever runs behind its operation, in this graph or in another, finds other bytes."""
    lasting = address_map(CompiledTrace(two_inputs_trace(), load_preset("edge256"))).lasting
    assert {"h", "y", "cell.table"} <= {*lasting}
    build = TraceBuilder()
    y = build.matmul("first", build.quantised("x", 8), 4, out="y")
    build.op("show", "copy", [y], build.tensor("row", 1, 4, role="output"), view=True)
    compiled = CompiledTrace(build.trace(), load_preset("edge256"))
    addresses = address_map(compiled)
    assert addresses.lasting["y"].address == addresses.arenas["step"]["row"].address
    assert compiled.fused["step"] == {"y/requantise"}


def test_inputs_of_different_size_are_each_quantised_and_handed_over_together() -> None:
    program = program_of(two_inputs_trace())
    quantised = [c.elements for c in program.commands if isinstance(c, HostCommand) and c.kind == "quantise"]
    assert quantised == [12, 2]
    assert [(c.to, c.bytes) for c in program.commands if isinstance(c, HandoffCommand)] == [("nna", 14 + 4 * 14)]


@pytest.mark.parametrize("frames", [2, 3])
@pytest.mark.parametrize("name", TRACES)
def test_a_chunk_of_calls_does_the_same_work(name: str, frames: int) -> None:
    trace = TRACES[name]()
    used = {op.group for op in trace.graphs["step"].ops}
    trace = trace.model_copy(update={"placement": {group: trace.placement[group] for group in used}})
    plain = simulate(trace, load_preset("edge256"))
    chunks = simulate(trace, load_preset("edge256", [f"compiler.chunk_frames={frames}"]))
    assert chunks.totals.macs == plain.totals.macs
    known = {op.op: op.macs for op in plain.ops if op.macs}
    assert {op.op: 0 for op in chunks.ops if op.macs} == dict.fromkeys(known, 0)
