"""The numpy executor on a layer-norm recogniser: each operation is the one of nnasim.numerics, put together by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nnasim.errors import NumericsError
from nnasim.ir.trace import OpTrace
from nnasim.numerics import ops
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.layer_norm import layer_norm
from nnasim.numerics.layers import LstmCell, Ranges, build_cell, build_joint
from nnasim.numerics.rescale import Rescale, requantise
from nnasim.reference import Reference
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    name="tiny", input_features=6, frame_ms=30, encoder_units=4, encoder_before=1, embedding=3,
    prediction_units=4, prediction_layers=1, joint_units=5, outputs=7, layer_norm=True,
)  # fmt: skip
CELL = build_cell(NumericsConfig(), Ranges(8.0, 4.0, 4.0, 4.0))
JOINT = build_joint(NumericsConfig(), 4.0)


def _rows(*scales: Rescale) -> np.ndarray:
    return np.array([(int(scale.mult), int(scale.shift)) for scale in scales])


def _cell_constants(layer: str, cell: LstmCell) -> dict[str, np.ndarray]:
    scales = {"forget": cell.keep, "input": cell.update, "cell": cell.cell, "output": cell.output}
    arrays = {f"{layer}.{op}.rescale": _rows(scale) for op, scale in scales.items()}
    for function in ("sigmoid", "tanh", "tanh_c"):
        unit = getattr(cell, function)
        arrays |= {f"{layer}.{function}.rescale": _rows(unit.entry), f"{layer}.{function}.table": unit.data["table"]}
    return arrays


def constants(trace: OpTrace) -> dict[str, np.ndarray]:
    """Random weights, biases and gains; the scales of a plain cell."""
    rng = np.random.default_rng(0)
    limits = {"weight": 128, "bias": 3000}
    arrays = {
        name: rng.integers(1 - limits[spec.role], limits[spec.role], spec.shape)
        for name, spec in trace.tensors.items()
        if spec.role in limits
    }
    for graph in trace.graphs.values():
        arrays |= {f"{op.name}.rescale": _rows(Rescale.of(0.3)) for op in graph.ops if op.kind == "requantise"}
    for layer in ("enc0", "pred0"):
        arrays |= _cell_constants(layer, CELL)
    arrays |= {"enc.quantise.rescale": _rows(Rescale.of(16.0)), "joint.tanh.rescale": _rows(JOINT.tanh.entry)}
    return arrays | {"joint.tanh.table": JOINT.tanh.data["table"]}


@pytest.fixture
def reference() -> Reference:
    trace = build_trace(SHAPE, 2, 1)
    return Reference(trace, constants(trace))


def test_a_layer_norm_lstm_is_its_operators_put_together(reference: Reference) -> None:
    h, c = np.zeros(4, np.int64), np.zeros(4, np.int64)
    for frame in np.random.default_rng(1).normal(0, 3, (3, 6)):
        reference.tensors["features"] = frame
        reference.run("encoder")
        x = requantise(frame, Rescale.of(16.0), 8).astype(np.int64)
        part = reference.tensors
        gx = requantise(ops.matmul(x, part["enc0.wx"], part["enc0.x.bias"]), Rescale.of(0.3), 32)
        gh = requantise(ops.matmul(h, part["enc0.wh"]), Rescale.of(0.3), 32)
        gates = layer_norm(gx, part["enc0.norm_x.gain"]), layer_norm(gh, part["enc0.norm_h.gain"])
        h, c = CELL.step(*gates, c)
        np.testing.assert_array_equal(part["enc0.h"], h)
        np.testing.assert_array_equal(part["enc0.c"], c)
    assert np.any(h)


def test_an_utterance_starts_from_zero_states(reference: Reference) -> None:
    reference.tensors["features"] = np.ones(6)
    reference.run("encoder")
    first = reference.tensors["enc0.h"].copy()
    reference.run("encoder")
    reference.reset()
    reference.run("encoder")
    np.testing.assert_array_equal(reference.tensors["enc0.h"], first)


def test_a_feature_that_is_no_number_is_refused(reference: Reference) -> None:
    reference.tensors["features"] = np.array([0.0, np.nan, 0, 0, 0, 0])
    with pytest.raises(NumericsError, match=r"enc\.quantise: value = nan: must be finite"):
        reference.run("encoder")
