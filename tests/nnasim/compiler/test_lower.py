"""Operations become commands: every weight once, every multiply once, fused operations for nothing."""

import pytest

from nnasim.compiler import AT_START, CompiledTrace
from nnasim.compiler.weights import stored_bytes
from nnasim.errors import PlacementError
from nnasim.hardware import load_preset
from nnasim.ir.program import FusedCommand, MatmulCommand

TIGHT = ["sram.bytes=24000", "sram.weight_tile_bytes=1024"]


@pytest.mark.parametrize("preset", ["edge256", "nvdla_small", "systolic"])
def test_a_streamed_matmul_reads_each_row_of_its_weight_once(small, preset: str) -> None:
    trace = small()
    work = CompiledTrace(trace, load_preset(preset, TIGHT))
    program = work.program("encoder", AT_START)
    name = next(tensor for tensor in ("enc1.wh", "enc1.wx", "enc0.wh") if tensor not in work.memory.resident)
    rows = [row for t in program.transfers if t.tensor == name for row in range(t.row, t.row + t.rows)]
    assert rows == list(range(trace.tensors[name].shape[0]))


def test_a_program_multiplies_what_its_graph_multiplies(small) -> None:
    trace = small()
    for system_preset in ("edge256", "nvdla_small"):
        work = CompiledTrace(trace, load_preset(system_preset))
        expected = sum(trace.tensors[op.weight].elements for op in trace.graphs["encoder"].ops if op.kind == "matmul")
        assert work.program("encoder", AT_START).macs == expected


def test_tiles_hold_whole_steps_of_the_array(small) -> None:
    work = CompiledTrace(small(), load_preset("nvdla_small", TIGHT))
    tiles = [c for c in work.program("encoder", AT_START).commands if isinstance(c, MatmulCommand)]
    assert any(tile.transfer is not None for tile in tiles)
    assert all(tile.n % 8 == 0 for tile in tiles)


def test_inputs_pass_the_sram_port_with_the_first_tile_and_outputs_with_the_last(small) -> None:
    trace = small()
    compiled = CompiledTrace(trace, load_preset("edge256", TIGHT))
    program = compiled.program("encoder", AT_START)
    most_tiles = 0
    for op in (op for op in trace.graphs["encoder"].ops if op.kind == "matmul"):
        x, out = trace.tensors[op.x], trace.tensors[op.outputs[0]]
        tiles = [c for c in program.commands if isinstance(c, MatmulCommand) and program.ops[c.op].name == op.name]
        beside_weights = [tile.sram_bytes - tile.n * compiled.uses[op.weight].row_bytes for tile in tiles]
        expected = [0] * len(tiles)
        expected[0] += x.bytes
        expected[-1] += out.bytes
        assert beside_weights == expected, op.name
        most_tiles = max(most_tiles, len(tiles))
    assert most_tiles > 2


def test_requantise_rides_behind_its_matmul(small) -> None:
    work = CompiledTrace(small(), load_preset("edge256"))
    program = work.program("encoder", AT_START)
    fused = [program.ops[c.op].name for c in program.commands if isinstance(c, FusedCommand)]
    assert fused == ["enc0.x.rq", "enc0.h_mm.rq", "enc1.x.rq", "enc1.h_mm.rq", "joint_enc.mm.rq"]


def test_an_embedding_reads_one_row(small) -> None:
    work = CompiledTrace(small(), load_preset("edge256", TIGHT))
    rows = [t.rows for t in work.program("prediction", AT_START).transfers if t.tensor == "embedding.w"]
    assert rows in ([], [1])


def test_float_weights_that_fit_the_cpus_cache_cost_no_dram(small) -> None:
    trace = small(system="float")
    assert CompiledTrace(trace, load_preset("edge256")).program("encoder", AT_START).dram_bytes == 0
    streamed = CompiledTrace(trace, load_preset("edge256", ["host.cache_bytes=0"]))
    weights = 4 * (256 * 32 + 256 * 64 * 3 + 32 * 64)
    assert streamed.program("encoder", AT_START).dram_bytes == weights


@pytest.mark.parametrize(("ratio", "raw", "stored"), [(1.0, 100, 112), (0.5, 100, 64), (0.7, 160, 112), (1.0, 16, 16)])
def test_stored_bytes_are_compressed_and_then_aligned(ratio: float, raw: int, stored: int) -> None:
    assert stored_bytes(load_preset("edge256", [f"dma.weight_compression_ratio={ratio}"]), raw) == stored


def test_float_weights_on_the_chip_are_refused(small) -> None:
    trace = small(system="float")
    moved = trace.model_copy(update={"placement": trace.placement | {"matmul": "nna"}})
    with pytest.raises(PlacementError, match="32-bit weights belong on the CPU"):
        CompiledTrace(moved, load_preset("edge256"))


def test_a_matmul_whose_shapes_do_not_agree_is_refused(small) -> None:
    trace = small()
    wrong = trace.tensors["enc0.wx"].model_copy(update={"shape": (256, 33)})
    broken = trace.model_copy(update={"tensors": trace.tensors | {"enc0.wx": wrong}})
    with pytest.raises(PlacementError, match=r"graph encoder, op enc0\.x: shapes"):
        CompiledTrace(broken, load_preset("edge256"))
