"""The attributes of each operator of the vocabulary, and their defaults."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workloads.stepgraph.graph import Attribute

_AXIS_0: Mapping[str, Attribute | None] = {"axis": 0}
_LAST_AXIS: Mapping[str, Attribute | None] = {"axis": -1}
_CONVOLUTION: Mapping[str, Attribute | None] = {
    "kernel_shape": None, "strides": None, "pads": None, "dilations": None, "group": 1,
}  # fmt: skip

ATTRIBUTES: Mapping[str, Mapping[str, Attribute | None]] = {
    "Elu": {"alpha": 1.0},
    "Gelu": {"approximate": "none"},
    "HardSigmoid": {"alpha": 0.2, "beta": 0.5},
    "LeakyRelu": {"alpha": 0.01},
    "Mod": {"fmod": 0},
    "Conv": _CONVOLUTION,
    "ConvTranspose": {**_CONVOLUTION, "output_padding": None},
    "LSTM": {"hidden_size": None},
    "GRU": {"hidden_size": None, "linear_before_reset": 0},
    "Gather": _AXIS_0,
    "ReduceMean": {"axes": None, "keepdims": 1},
    "ReduceSum": {"keepdims": 1},
    "ReduceMax": {"axes": None, "keepdims": 1},
    "ReduceMin": {"axes": None, "keepdims": 1},
    "ArgMax": {"axis": 0, "keepdims": 1, "select_last_index": 0},
    "Softmax": _LAST_AXIS,
    "LogSoftmax": _LAST_AXIS,
    "LayerNormalization": {"axis": -1, "epsilon": 1e-5},
    "CumSum": {"exclusive": 0, "reverse": 0},
    "Concat": {"axis": None},
    "Split": _AXIS_0,
    "Transpose": {"perm": None},
    "Pad": {"mode": "constant"},
    "Cast": {"to": None},
    "GatherElements": _AXIS_0,
    "ScatterElements": {"axis": 0, "reduction": "none"},
    "TopK": {"axis": -1, "largest": 1, "sorted": 1},
}
"""Attributes by operator with their defaults, None if a reader must give one; an operator that is absent has none.

As ONNX's of opset 17, but for these: every convolution says all of its numbers, one per axis (begins, then ends, of
``pads``), a reduction its axes, ``perm`` is always there, and ``Cast``'s ``to`` is an element type by name."""


def complete(operator: str, given: Mapping[str, Attribute], rank: int) -> dict[str, Attribute]:
    """Every attribute of ``operator``: ``given``, else the default; axes of a ``rank`` counted from the front.

    A float is the float32 that a file holds. Attributes that the operator does not know are left out.
    Raises ValueError for a missing one.
    """
    full = {name: given.get(name, default) for name, default in ATTRIBUTES.get(operator, {}).items()}
    if missing := [name for name, value in full.items() if value is None]:
        raise ValueError(f"{operator} without {', '.join(missing)}")
    return {name: _written(name, value, rank) for name, value in full.items() if value is not None}


def _written(name: str, value: Attribute, rank: int) -> Attribute:
    if name == "axis" and isinstance(value, int):
        return value % rank
    if name == "axes" and isinstance(value, tuple):
        return tuple(sorted(int(axis) % rank for axis in value))
    return float(np.float32(value)) if isinstance(value, float) else value
