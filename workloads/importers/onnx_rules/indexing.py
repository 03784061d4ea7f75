"""ONNX's operators that choose by places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from workloads.stepgraph.concrete.call import RawCall, Rule
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.graph import Array
from workloads.stepgraph.refusals import CannotEnterError


def gather(operator: str) -> Rule:
    """The rule of picking slices or elements along an axis."""

    def rule(write: Writer, call: RawCall) -> Value:
        return write(operator, call[0], call[1], axis=call.axis(call[0], 0))

    return rule


def scatter(write: Writer, call: RawCall) -> Value:
    """The operand with elements put along an axis."""
    axis, reduction = call.axis(call[0], 0), call.text("reduction", "none")
    return write("ScatterElements", call[0], call[1], call[2], axis=axis, reduction=reduction)


def gather_nd(write: Writer, call: RawCall) -> Value:
    """Slices at constant places of several axes: rows, once these axes are made one."""
    x, index = call[0], call[1].elements("places")
    if call.integer("batch_dims", 0):
        raise CannotEnterError("has axes of its own for a batch")
    rows, rest = _rows(x.shape, index)
    flat = write.reshape(x, (prod(x.shape[: index.shape[-1]]), *rest))
    picked = write("Gather", flat, write.constant(rows.reshape(-1), "places"), axis=0)
    return write.reshape(picked, (*index.shape[:-1], *rest))


def scatter_nd(write: Writer, call: RawCall) -> Value:
    """The operand with slices put at constant places of several axes: elements, once all are in one row."""
    x, index, updates = call[0], call[1].elements("places"), call[2]
    rows, rest = _rows(x.shape, index)
    write.budget.spend(rows.size * prod(rest), 8)
    places = (rows.reshape(-1, 1) * prod(rest) + np.arange(prod(rest))).reshape(-1)
    if updates.tensor.elements != places.size:
        raise CannotEnterError(f"puts {updates.shape} at {index.shape[:-1]} places of {rest}")
    flat = write.reshape(x, (x.tensor.elements,))
    row = write.reshape(updates, (places.size,))
    changed = write(
        "ScatterElements", flat, write.constant(places, "places"), row, axis=0, reduction=call.text("reduction", "none")
    )
    return write.reshape(changed, x.shape)


def _rows(shape: Sequence[int], index: Array) -> tuple[Array, tuple[int, ...]]:
    """The places that ``index`` (..., K) names if the first K axes are one, and the shape of the elements there."""
    if not index.ndim or not 1 <= index.shape[-1] <= len(shape) or not np.issubdtype(index.dtype, np.integer):
        raise CannotEnterError(f"has places {index.shape} in {tuple(shape)}")
    sizes = np.array(shape[: index.shape[-1]], np.int64)
    if ((index < -sizes) | (index >= sizes)).any():
        raise CannotEnterError(f"has places beyond {tuple(shape)}")
    strides = np.append(np.cumprod(sizes[:0:-1])[::-1], 1)
    return (np.where(index < 0, index + sizes, index) * strides).sum(-1), tuple(shape[index.shape[-1] :])


def top_k(write: Writer, call: RawCall) -> Sequence[Value]:
    """The k largest and their places; k is an operand, or an attribute before opset 10."""
    k = call[1] if call.opset >= 10 else write.integers([call.integer("k")], "k")
    axis, largest = call.axis(call[0], -1), call.flag("largest", 1)
    return write.several("TopK", [call[0], write.reshape(k, (1,))], axis=axis, largest=largest, sorted=1)


RULES: Mapping[str, Rule] = {
    "Gather": gather("Gather"),
    "GatherElements": gather("GatherElements"),
    **dict.fromkeys(("ScatterElements", "Scatter"), scatter),
    "GatherND": gather_nd,
    "ScatterND": scatter_nd,
    "TopK": top_k,
}
