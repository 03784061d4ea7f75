"""Shapes of operators that work along axes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.graph import Tensor
from workloads.stepgraph.kernels.given import Attributes, integer, integers


def reduced(x: Value, axes: Collection[int], keepdims: bool, dtype: str = "") -> Tensor:
    """``x`` with these axes gone, or of one element."""
    for axis in axes:
        check_axis(x, axis)
    kept = ((axis, 1 if axis in axes else size) for axis, size in enumerate(x.shape) if keepdims or axis not in axes)
    return Tensor(tuple(size for _, size in kept), dtype or x.dtype)


def check_axis(x: Value, axis: int) -> int:
    """``axis``. Raises ValueError if ``x`` lacks it."""
    if not 0 <= axis < x.rank:
        raise ValueError(f"has no axis {axis}: its input is {x.shape}, with the axes 0 to {x.rank - 1}")
    return axis


def check_real(x: Value | None) -> None:
    """Raise ValueError unless ``x``, if it is there, holds floats."""
    if x is not None and not x.dtype.startswith("float"):
        raise ValueError(f"takes no {x.dtype}")


def reduction(attributes: Attributes, x: Value) -> Tensor:
    """The tensor reduced over the axes that an attribute names."""
    axes = integers(attributes, "axes")
    if 0 in (x.shape[check_axis(x, axis)] for axis in axes):
        raise ValueError(f"reduces an axis without elements, of {x.shape}")
    return reduced(x, axes, bool(attributes["keepdims"]))


def reduce_sum(attributes: Attributes, x: Value, axes: Value) -> Tensor:
    """The tensor reduced over the axes that an operand names."""
    return reduced(x, axes.integers("axes"), bool(attributes["keepdims"]))


def arg_max(attributes: Attributes, x: Value) -> Tensor:
    """The tensor of places along one axis."""
    axis = check_axis(x, integer(attributes, "axis"))
    if not x.shape[axis]:
        raise ValueError(f"looks along an axis without elements, of {x.shape}")
    return reduced(x, (axis,), bool(attributes["keepdims"]), "int64")


def along(attributes: Attributes, x: Value) -> Tensor:
    """The tensor of x, unchanged."""
    if not x.shape[check_axis(x, integer(attributes, "axis"))]:
        raise ValueError(f"works along an axis without elements, of {x.shape}")
    check_real(x)
    return x.tensor


def cum_sum(attributes: Attributes, x: Value, axis: Value) -> Tensor:
    """The tensor of x, unchanged; the axis is an operand."""
    for number in axis.integers("axis"):
        check_axis(x, number)
    return x.tensor


def layer_normalization(attributes: Attributes, x: Value, scale: Value, bias: Value | None = None) -> Tensor:
    """The tensor of x, unchanged; scale and bias are broadcast to the axes that are normalised."""
    rest = x.shape[check_axis(x, integer(attributes, "axis")) :]
    if 0 in rest:
        raise ValueError(f"normalises axes without elements, of {x.shape}")
    for given in (x, scale, bias):
        check_real(given)
    for given in (scale, bias):
        if given is not None and given.shape not in (rest, ()) and given.shape != (1,):
            raise ValueError(f"a scale or bias {given.shape} does not fit {rest}")
    return x.tensor


RULES: Mapping[str, Callable[..., Any]] = {
    **dict.fromkeys(("ReduceMean", "ReduceMax", "ReduceMin"), reduction),
    "ReduceSum": reduce_sum,
    "ArgMax": arg_max,
    **dict.fromkeys(("Softmax", "LogSoftmax"), along),
    "CumSum": cum_sum,
    "LayerNormalization": layer_normalization,
}
