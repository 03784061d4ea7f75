import pytest

from nnasim.errors import TraceError
from nnasim.ir.trace import OpTrace
from nnasim.numerics.config import NumericsConfig
from nnasim.sweeps.retarget import retarget, shortened
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES

WIDE = NumericsConfig(activation="lut16", cell_bits=16)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("layer_norm", [False, True])
def test_a_retargeted_trace_is_the_one_built_for_that_arithmetic(name: str, layer_norm: bool) -> None:
    shape = SHAPES[name].model_copy(update={"layer_norm": layer_norm})
    retargeted = retarget(build_trace(shape, 4, 1, system="aat"), WIDE, "cpu_fallback", "trace")
    assert retargeted == build_trace(shape, 4, 1, system="cpu_fallback", numerics=WIDE)


def test_a_foreign_graph_is_refused() -> None:
    trace = build_trace(SHAPES["rnnt-mlperf"], 4, 1)
    graph = trace.graphs["joint"]
    foreign = OpTrace.model_validate(
        {**trace.model_dump(), "graphs": {**trace.graphs, "joint": {"ops": [op.model_dump() for op in graph.ops[:-1]]}}}
    )
    with pytest.raises(TraceError, match="own RNN-T"):
        retarget(foreign, WIDE, None, "trace")


def test_a_shortened_trace_keeps_its_first_frames() -> None:
    trace = build_trace(SHAPES["rnnt-mlperf"], 8, 4)
    short = shortened(trace, 2)
    assert short.utterances[0].arrivals == trace.utterances[0].arrivals[:2]
    assert max(short.utterances[0].call_frames) == 1
    assert shortened(trace, 100) == trace
