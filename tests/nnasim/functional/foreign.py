"""Integers for the small traces of version 2 that keep every value lively, and what they hear."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from nnasim.ir.trace import Op, OpTrace
from nnasim.numerics.rescale import Rescale
from nnasim.numerics.softmax import softmax_scale
from nnasim.reference.constants import BY_CHANNEL


def with_outputs(trace: OpTrace) -> OpTrace:
    """``trace`` with everything that nothing reads as an output, so that it is compared."""
    ops = [op for graph in trace.graphs.values() for op in graph.ops]
    read = {name for op in ops for name in op.inputs}
    ends = {name for op in ops for name in op.outputs if name not in read and trace.tensors[name].role == "activation"}
    data = trace.model_dump()
    for name in ends:
        data["tensors"][name]["role"] = "output"
    return OpTrace.model_validate(data)


def rows(*reals: float) -> np.ndarray:
    """A row (mult, shift) for each scale."""
    scales = [Rescale.of(real) for real in reals]
    return np.array([(int(scale.mult), int(scale.shift)) for scale in scales])


def constants_of(trace: OpTrace, seed: int = 1) -> dict[str, np.ndarray]:
    """Weights, biases, tables, scales, and initial values of every state."""
    rng = np.random.default_rng(seed)
    constants: dict[str, np.ndarray] = {}
    for name, spec in trace.tensors.items():
        if spec.role in ("weight", "bias", "table"):
            reach = min(1 << (spec.bits - 1), 8000) - 1
            constants[name] = rng.integers(-reach, reach + 1, spec.shape)
        if spec.role == "state":
            constants[f"{name}.initial"] = rng.integers(-100, 100, spec.shape)
    makers = {name: op for graph in trace.graphs.values() for op in graph.ops for name in op.outputs}
    for graph in trace.graphs.values():
        for op in graph.ops:
            reals = _scales(trace, op, makers.get(op.x))
            if reals:
                constants[f"{op.name}.rescale"] = rows(*reals)
    return constants


def _scales(trace: OpTrace, op: Op, maker: Op | None) -> list[float]:
    told: Any = op.attributes
    if op.kind in BY_CHANNEL:
        shape = trace.tensors[op.x].shape
        channels = shape[told.axis] if told is not None else 1
        return [_spread(trace, maker) * (1 + 0.1 * (channel % 7)) for channel in range(channels)]
    if op.kind == "mean":
        shape = trace.tensors[op.x].shape
        return [1 / prod(shape[axis] for axis in told.axes)]
    if op.kind == "softmax":
        return [float(softmax_scale(0.02, trace.numerics).real)]
    return {"add": [1024.0, 700.0, 0.6 / 1024], "mul": [2.0**-6], "sigmoid": [1.0], "tanh": [1.0]}.get(op.kind, [])


def _spread(trace: OpTrace, maker: Op | None) -> float:
    """What brings typical values of ``maker`` to some 40; inputs are normal."""
    if maker is None:
        return 40.0
    if maker.kind == "layer_norm":
        return 40 / 4096
    k = trace.tensors[maker.x].shape[-1]
    if maker.kind == "conv":
        k = prod(trace.tensors[maker.weight].shape[1:])
    return 40 / (np.sqrt(k) * 73 * 40) if maker.kind in ("matmul", "conv", "bmm") else 0.5
