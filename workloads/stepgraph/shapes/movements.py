"""Shapes of what moves, repeats or chooses elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.graph import Tensor
from workloads.stepgraph.kernels.given import Attributes, integer, integers
from workloads.stepgraph.shapes.elementwise import broadcast
from workloads.stepgraph.shapes.reductions import check_axis

_REDUCTIONS = ("none", "add", "mul", "max", "min")


def concat(attributes: Attributes, first: Value, *others: Value) -> Tensor:
    """The tensor of the operands joined along an axis."""
    axis, parts = check_axis(first, integer(attributes, "axis")), (first, *others)
    for part in others:
        if part.dtype != first.dtype or _without(part.shape, axis) != _without(first.shape, axis):
            raise ValueError(f"puts {first.dtype} {first.shape} and {part.dtype} {part.shape} together along {axis}")
    return Tensor(_with(first.shape, axis, sum(part.shape[axis] for part in parts)), first.dtype)


def slices(attributes: Attributes, x: Value, starts: Value, ends: Value, axes: Value, steps: Value) -> Tensor:
    """The tensor of a part of some axes."""
    shape = list(x.shape)
    bounds = (part.integers("bounds") for part in (axes, starts, ends, steps))
    for axis, start, end, step in zip(*bounds, strict=True):
        size = shape[check_axis(x, axis)]
        if not step:
            raise ValueError("slices in steps of 0")
        shape[axis] = len(range(*slice(max(start, -size), end, step).indices(size)))
    return Tensor(tuple(shape), x.dtype)


def split(attributes: Attributes, x: Value, sizes: Value) -> tuple[Tensor, ...]:
    """The tensors of parts of an axis."""
    axis, numbers = check_axis(x, integer(attributes, "axis")), sizes.integers("sizes")
    if sum(numbers) != x.shape[axis] or min(numbers, default=-1) < 0:
        raise ValueError(f"parts of {numbers} do not share out axis {axis} of {x.shape}")
    return tuple(Tensor(_with(x.shape, axis, number), x.dtype) for number in numbers)


def transpose(attributes: Attributes, x: Value) -> Tensor:
    """The tensor with its axes in another order."""
    perm = integers(attributes, "perm")
    if sorted(perm) != list(range(x.rank)):
        raise ValueError(f"{perm} is no order of the axes of {x.shape}")
    return Tensor(tuple(x.shape[axis] for axis in perm), x.dtype)


def reshape(attributes: Attributes, x: Value, shape: Value) -> Tensor:
    """A tensor of as many elements in another shape, every size of which is a number."""
    sizes = shape.integers("shape")
    if min(sizes, default=0) < 0 or prod(sizes) != x.tensor.elements:
        raise ValueError(f"{x.shape} cannot be given the shape {sizes}")
    return Tensor(sizes, x.dtype)


def expand(attributes: Attributes, x: Value, shape: Value) -> Tensor:
    """The tensor with axes of one element repeated."""
    sizes = shape.integers("shape")
    if min(sizes, default=0) < 0 or broadcast(x.shape, sizes) != sizes:
        raise ValueError(f"{x.shape} cannot be repeated to {sizes}")
    return Tensor(sizes, x.dtype)


def pad(attributes: Attributes, x: Value, pads: Value, value: Value | None = None) -> Tensor:
    """The tensor with axes made longer or shorter at both ends."""
    numbers, mode = pads.integers("pads"), attributes["mode"]
    if len(numbers) != 2 * x.rank:
        raise ValueError(f"pads {numbers} do not fit {x.shape}")
    sizes = tuple(size + begin + end for size, begin, end in zip(x.shape, numbers, numbers[x.rank :], strict=False))
    if min(sizes, default=0) < 0 or mode not in ("constant", "reflect", "edge", "wrap"):
        raise ValueError(f"{x.shape} cannot be padded by {numbers} in mode {mode}")
    longest = 0 if mode == "reflect" else 1
    if mode != "constant" and any(
        max(begin, end) > 0 and not size - 1 + longest
        for size, begin, end in zip(x.shape, numbers, numbers[x.rank :], strict=False)
    ):
        raise ValueError(f"{x.shape} has an axis too short for mode {mode}")
    return Tensor(sizes, x.dtype)


def cast(attributes: Attributes, x: Value) -> Tensor:
    """The tensor in another type."""
    return Tensor(x.shape, str(attributes["to"]))


def gather(attributes: Attributes, x: Value, places: Value) -> Tensor:
    """The tensor with the places' shape in place of the axis."""
    axis = check_axis(x, integer(attributes, "axis"))
    _check_integers(places)
    _check_places(places, x.shape[axis])
    return Tensor((*x.shape[:axis], *places.shape, *x.shape[axis + 1 :]), x.dtype)


def gather_elements(attributes: Attributes, x: Value, places: Value) -> Tensor:
    """The tensor of one element for each of the places."""
    _check_within(x, places, check_axis(x, integer(attributes, "axis")))
    return Tensor(places.shape, x.dtype)


def scatter_elements(attributes: Attributes, x: Value, places: Value, updates: Value) -> Tensor:
    """The tensor of x, unchanged."""
    axis = check_axis(x, integer(attributes, "axis"))
    _check_within(x, places, axis)
    if updates.shape != places.shape or updates.dtype != x.dtype:
        raise ValueError(f"puts {updates.dtype} {updates.shape} at places {places.shape} of {x.dtype} {x.shape}")
    if attributes["reduction"] not in _REDUCTIONS:
        raise ValueError(f"knows no reduction {attributes['reduction']!r}, only {', '.join(_REDUCTIONS)}")
    return x.tensor


def top_k(attributes: Attributes, x: Value, k: Value) -> tuple[Tensor, Tensor]:
    """The tensors of k elements of an axis, and of their places."""
    axis, numbers = check_axis(x, integer(attributes, "axis")), k.integers("k")
    if len(numbers) != 1 or not 0 <= numbers[0] <= x.shape[axis]:
        raise ValueError(f"takes {numbers} of axis {axis} of {x.shape}")
    shape = _with(x.shape, axis, numbers[0])
    return Tensor(shape, x.dtype), Tensor(shape, "int64")


def _check_within(x: Value, places: Value, axis: int) -> None:
    _check_integers(places)
    longer = (
        size > whole for along, (size, whole) in enumerate(zip(places.shape, x.shape, strict=False)) if along != axis
    )
    if places.rank != x.rank or any(longer):
        raise ValueError(f"places {places.shape} do not lie within {x.shape}")
    _check_places(places, x.shape[axis])


def _check_places(places: Value, size: int) -> None:
    """Raise ValueError for a known place that an axis of ``size`` does not have."""
    if places.array is None or not places.array.size:
        return
    low, high = int(places.array.min()), int(places.array.max())
    if not -size <= low <= high < size:
        raise ValueError(f"takes place {low if low < -size else high} of an axis of {size}")


def _check_integers(places: Value) -> None:
    if places.dtype not in ("int32", "int64"):
        raise ValueError(f"takes places of int32 or int64, not {places.dtype}")


def _with(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], *shape[axis + 1 :])


RULES: Mapping[str, Callable[..., Any]] = {
    "Concat": concat,
    "Slice": slices,
    "Split": split,
    "Transpose": transpose,
    "Reshape": reshape,
    "Expand": expand,
    "Pad": pad,
    "Cast": cast,
    "Gather": gather,
    "GatherElements": gather_elements,
    "ScatterElements": scatter_elements,
    "TopK": top_k,
}
