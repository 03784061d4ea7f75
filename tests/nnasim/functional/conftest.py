"""A small recogniser with random integers, and features to hear."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nnasim.ir.trace import OpTrace
from nnasim.numerics.config import NumericsConfig
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    name="small", input_features=24, frame_ms=40, encoder_units=48, encoder_before=1, reduction=2, encoder_after=1,
    embedding=16, prediction_units=32, prediction_layers=1, joint_units=32, outputs=12,
)  # fmt: skip


def random_constants(trace: OpTrace, seed: int) -> dict[str, np.ndarray]:
    """Weights, biases, tables and scales that keep every intermediate value lively."""
    rng = np.random.default_rng(seed)
    constants: dict[str, np.ndarray] = {}
    for name, spec in trace.tensors.items():
        if spec.role in ("weight", "bias", "table"):
            reach = 7 if spec.bits == 4 else 127 if spec.bits <= 8 else 2000
            constants[name] = rng.integers(-reach, reach + 1, spec.shape)
    for graph in trace.graphs.values():
        for op in graph.ops:
            shift = {"requantise": 22, "mul": 21, "quantise": 14, "sigmoid": 18, "tanh": 18, "add": 16}.get(op.kind)
            if shift is not None and not op.name.endswith(".gates") and op.name != "joint.add":
                # One row each for what enters and what leaves an activation unit.
                constants[f"{op.name}.rescale"] = np.array([[2**14 + 77, shift], [2**14, 14]])[
                    : 2 if shift == 18 else 1
                ]
    return constants


@pytest.fixture
def recogniser() -> Any:
    """A maker of (trace, constants, features)."""

    def make(
        seed: int = 1, frames: int = 8, symbols: int = 3, layer_norm: bool = False, **numerics: Any
    ) -> SimpleNamespace:
        config = NumericsConfig(**numerics)
        shape = SHAPE.model_copy(update={"layer_norm": layer_norm})
        trace = build_trace(shape, frames, symbols, system="aat", numerics=config)
        features = [np.random.default_rng(seed + 1).normal(0, 40, (frames, SHAPE.input_features))]
        return SimpleNamespace(trace=trace, constants=random_constants(trace, seed), features=features)

    return make
