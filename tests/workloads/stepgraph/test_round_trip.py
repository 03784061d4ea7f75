"""The package's own recogniser, exported and imported again, is the same operations at the same cycles."""

from collections import Counter

import pytest

from nnasim.hardware import load_preset
from nnasim.ir.attributes import Copy
from nnasim.ir.trace import OpTrace
from nnasim.numerics.config import NumericsConfig
from nnasim.pipeline import simulate
from tests.workloads.stepgraph.recogniser import links, random_parameters, recogniser_graphs
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape
from workloads.stepgraph.lowering.lowering import Import, to_trace

PLAIN = RnntShape(
    name="plain", input_features=24, frame_ms=30, encoder_units=32, encoder_before=2, embedding=16,
    prediction_units=24, prediction_layers=1, joint_units=20, outputs=12,
)  # fmt: skip
REDUCED = PLAIN.model_copy(update={"name": "reduced", "reduction": 2, "encoder_after": 1})
SHAPES = pytest.mark.parametrize("shape", [PLAIN, REDUCED], ids=lambda shape: shape.name)


def imported(shape: RnntShape, native: OpTrace) -> Import:
    """The recogniser by way of StepGraphs, called as ``native`` is."""
    graphs = recogniser_graphs(shape, random_parameters(shape))
    return to_trace(graphs, native.utterances, native.numerics, links=links(shape))


@SHAPES
@pytest.mark.parametrize("numerics", [{}, {"activation": "lut16", "cell_bits": 16}, {"weight_bits": 4}], ids=str)
def test_the_trace_holds_the_same_operations_on_the_same_tensors(shape: RnntShape, numerics: dict[str, object]) -> None:
    native = build_trace(shape, 6, 3, system="naive", numerics=NumericsConfig.model_validate(numerics))
    ours = imported(shape, native).trace

    def described(trace: OpTrace, graph: str) -> list[object]:
        def tensors(names: tuple[str, ...]) -> list[object]:
            return [trace.tensors[name].bytes for name in names]

        ops = (op for op in trace.graphs[graph].ops if not op.told(Copy).view)
        return [(op.kind, tensors(op.inputs), tensors(op.outputs)) for op in ops]

    for graph in native.graphs:
        assert described(ours, graph) == described(native, graph)


@SHAPES
@pytest.mark.parametrize("preset", ["edge256", "systolic"])
def test_a_simulation_takes_the_same_cycles(shape: RnntShape, preset: str) -> None:
    chip = load_preset(preset)
    native = build_trace(shape, 6, 3, system="naive", numerics=chip.numerics)
    theirs, ours = simulate(native, chip), simulate(imported(shape, native).trace, chip)
    assert ours.frames == theirs.frames
    assert ours.totals == theirs.totals


@SHAPES
def test_every_node_of_the_recogniser_is_on_the_chip_folded_or_a_view(shape: RnntShape) -> None:
    ledger = imported(shape, build_trace(shape, 6, 3)).ledger
    layers = shape.encoder_before + shape.encoder_after + shape.prediction_layers
    counts = Counter((row.operator, row.fate) for row in ledger.rows)
    assert counts["LSTM", "chip"] == layers
    assert ledger.counts["refused"] == ledger.counts["cpu"] == 0
    assert ledger.macs == shape.weights - shape.outputs * shape.embedding
