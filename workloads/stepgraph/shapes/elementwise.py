"""Shapes of what works element by element."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.graph import Pairwise, PointWise, Tensor
from workloads.stepgraph.kernels.given import Attributes

_FLOATS = ("float32", "float64")
_OF_INTEGERS_TOO = ("Abs", "Neg", "Relu", "Sign")
_COMPARISONS = ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")


def point_wise(operator: str) -> Callable[..., Tensor]:
    """The rule of a function of one value, which keeps shape and type."""

    def rule(attributes: Attributes, x: Value) -> Tensor:
        if x.dtype not in _FLOATS and (operator not in _OF_INTEGERS_TOO or x.dtype == "bool"):
            raise ValueError(f"takes no {x.dtype}, only {' and '.join(_FLOATS)}")
        return x.tensor

    return rule


def clip(attributes: Attributes, x: Value, low: Value | None = None, high: Value | None = None) -> Tensor:
    """The tensor of x, clipped between two numbers of its type, each of which may be absent."""
    for bound in (low, high):
        if bound is not None and (bound.tensor.elements != 1 or bound.dtype != x.dtype):
            raise ValueError(f"has a bound {bound.dtype} {bound.shape}, which must be one {x.dtype}")
    return x.tensor


def pairwise(operator: str) -> Callable[..., Tensor]:
    """The rule of two operands of one type, broadcast to each other."""

    def rule(attributes: Attributes, a: Value, b: Value) -> Tensor:
        if a.dtype != b.dtype and operator != "Pow":
            raise ValueError(f"takes operands of one type, not {a.dtype} and {b.dtype}")
        if (a.dtype == "bool") != (operator in ("And", "Or")) and operator != "Equal":
            raise ValueError(f"takes no {a.dtype}, only {'numbers' if a.dtype == 'bool' else 'bool'}")
        truth = operator in (*_COMPARISONS, "And", "Or")
        return Tensor(broadcast(a.shape, b.shape), "bool" if truth else a.dtype)

    return rule


def invert(attributes: Attributes, x: Value) -> Tensor:
    """The tensor of x, which must be boolean."""
    if x.dtype != "bool":
        raise ValueError(f"takes no {x.dtype}, only bool")
    return x.tensor


def where(attributes: Attributes, condition: Value, a: Value, b: Value) -> Tensor:
    """The tensor of all three operands, broadcast to each other."""
    if condition.dtype != "bool" or a.dtype != b.dtype:
        raise ValueError(f"takes a bool and two of one type, not {condition.dtype}, {a.dtype} and {b.dtype}")
    return Tensor(broadcast(condition.shape, a.shape, b.shape), a.dtype)


def broadcast(*shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape that all can be repeated to. Raises ValueError if there is none."""
    rank = max(map(len, shapes))
    sizes = list[int]()
    for column in zip(*((1,) * (rank - len(shape)) + tuple(shape) for shape in shapes), strict=True):
        longer = {size for size in column if size != 1}
        if len(longer) > 1:
            raise ValueError(f"shapes {' and '.join(str(tuple(shape)) for shape in shapes)} do not fit each other")
        sizes.append(longer.pop() if longer else 1)
    return tuple(sizes)


RULES: Mapping[str, Callable[..., Any]] = {
    **{operator: point_wise(operator) for operator in get_args(PointWise)},
    **{operator: pairwise(operator) for operator in get_args(Pairwise)},
    "Clip": clip,
    "Not": invert,
    "Where": where,
}
