from pathlib import Path

import pytest

import nnasim
from nnasim.errors import TraceError
from nnasim.ir.imported import Recipe
from nnasim.ir.trace import OpTrace
from nnasim.numerics.config import NumericsConfig
from nnasim.sweeps.retarget import retarget, shortened
from workloads.importers.recipes import made
from workloads.importers.topology_trace import GRAPH
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES
from workloads.stepgraph.decoding.calls import periodic

WIDE = NumericsConfig(activation="lut16", cell_bits=16)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("layer_norm", [False, True])
def test_a_retargeted_trace_is_the_one_built_for_that_arithmetic(name: str, layer_norm: bool) -> None:
    shape = SHAPES[name].model_copy(update={"layer_norm": layer_norm})
    retargeted = retarget(build_trace(shape, 4, 1, system="aat"), WIDE, "cpu_fallback", "trace")
    assert retargeted == build_trace(shape, 4, 1, system="cpu_fallback", numerics=WIDE)


def test_a_trace_of_an_earlier_version_with_a_narrow_embedding_is_the_recognisers_too() -> None:
    four = NumericsConfig().with_({"weight_bits": 4})
    trace = build_trace(SHAPES["rnnt-mlperf"], 4, 1, system="aat", numerics=four)
    narrow = trace.tensors["embedding.w"].model_copy(update={"bits": 4})
    old = trace.model_copy(update={"tensors": {**trace.tensors, "embedding.w": narrow}})
    assert retarget(old, WIDE, None, "trace") == retarget(trace, WIDE, None, "trace")


def test_a_foreign_graph_is_refused() -> None:
    trace = build_trace(SHAPES["rnnt-mlperf"], 4, 1)
    graph = trace.graphs["joint"]
    foreign = OpTrace.model_validate(
        {**trace.model_dump(), "graphs": {**trace.graphs, "joint": {"ops": [op.model_dump() for op in graph.ops[:-1]]}}}
    )
    with pytest.raises(TraceError, match="own RNN-T"):
        retarget(foreign, WIDE, None, "trace")


def layers(folder: Path) -> OpTrace:
    """An imported list of two layers."""
    (folder / "layers.csv").write_text("Layer,M,N,K\nff,1,64,32\nout,1,8,64\n")
    recipe = Recipe(models={GRAPH: str(folder / "layers.csv")})
    return made(recipe, NumericsConfig(), periodic([GRAPH], 10, 0.05)).trace


def test_an_imported_trace_is_made_again_from_its_files(tmp_path: Path) -> None:
    trace = layers(tmp_path)
    again = retarget(trace, WIDE.with_({"weight_bits": 4}), None, "trace")
    assert {spec.bits for spec in again.tensors.values() if spec.role == "weight"} == {4}
    assert again.utterances == trace.utterances
    assert retarget(trace, trace.numerics, None, "trace") is trace
    (tmp_path / "layers.csv").write_text("Layer,M,N,K\nff,1,64,33\n")
    with pytest.raises(TraceError, match="is another file than the one that was imported"):
        retarget(trace, WIDE, None, "trace")
    with pytest.raises(TraceError, match="the trace was made of what Python held"):
        retarget(trace.model_copy(update={"recipe": None}), WIDE, None, "trace")


def test_an_imported_trace_runs_where_a_system_has_its_operations(tmp_path: Path) -> None:
    trace = layers(tmp_path)
    on_cpu = retarget(trace, trace.numerics, "cpu_int8", "trace")
    assert set(on_cpu.placement.values()) == {"cpu"}
    assert on_cpu.imported is not None
    assert (on_cpu.imported.claim, on_cpu.imported.distances) == ("time only", ())
    fallback = retarget(trace, trace.numerics, "cpu_fallback", "trace")
    assert (fallback.placement["convolution"], fallback.placement["point_wise"]) == ("nna", "cpu")
    with pytest.raises(TraceError, match="an imported model can be cpu_int8, cpu_fallback, naive"):
        retarget(trace, trace.numerics, "aat", "trace")


def test_a_sweep_over_an_import_varies_chip_numerics_and_system(tmp_path: Path) -> None:
    trace = layers(tmp_path)
    axes = {"host.handoff_us": [5, 50], "numerics.weight_bits": [4, 8], "system": ["naive", "cpu_int8"]}
    points = nnasim.sweep("edge256", trace, axes, jobs=1).frame()
    assert list(points["status"]) == ["ok"] * 8
    slow = points.groupby("host.handoff_us")["engine_latency_ms.p50"].max()
    assert slow[50] > slow[5]
    with pytest.raises(TraceError, match="the trace was made of what Python held"):
        nnasim.sweep("edge256", trace.model_copy(update={"recipe": None}), {"numerics.weight_bits": [4, 8]}, jobs=1)
    with pytest.raises(TraceError, match="system = 'aat'"):
        nnasim.sweep("edge256", trace, {"system": ["naive", "aat"]}, jobs=1)


def test_a_shortened_trace_keeps_its_first_frames() -> None:
    trace = build_trace(SHAPES["rnnt-mlperf"], 8, 4)
    short = shortened(trace, 2)
    assert short.utterances[0].arrivals == trace.utterances[0].arrivals[:2]
    assert max(short.utterances[0].call_frames) == 1
    assert shortened(trace, 100) == trace
