"""The lowering of operators on whole vectors: layer norm, softmax, mean, argmax."""

from __future__ import annotations

from math import prod

import numpy as np

from nnasim.numerics.softmax import ENTRIES
from workloads.stepgraph.graph import Node
from workloads.stepgraph.integers import quantise
from workloads.stepgraph.integers.grids import WIDE_BITS
from workloads.stepgraph.kernels.given import integer, integers
from workloads.stepgraph.lowering.cannot_lower import CannotLower
from workloads.stepgraph.lowering.elements import unit_grid
from workloads.stepgraph.lowering.graph_lowering import GraphLowering
from workloads.stepgraph.lowering.standing_shapes import front_of, standing_shape


def layer_norm(low: GraphLowering, node: Node) -> None:
    """Lower a layer norm over the trailing axes, as one vector each."""
    x, gain, *biases = node.inputs
    (value,) = node.outputs
    constants = low.graph.constants
    if gain not in constants or any(bias not in constants for bias in biases if bias):
        raise CannotLower("has a gain that is computed at each call")
    rest, rows = low.shape(value)[integer(node.attributes, "axis") :], standing_shape(low.graph, node, value)
    size = rows[-1]
    tensors = [low.draft.tensor(f"{low.here}.gain", (size,), 16, "bias")]
    if biases and biases[0]:
        tensors.append(low.draft.tensor(f"{low.here}.bias", (size,), WIDE_BITS, "bias"))
    tensor, out = low.shaped(x, rows), low.out(value, rows)
    op = low.op("", "layer_norm", "normalisation", [tensor, *tensors], [out.tensor], axis=len(rows) - 1)
    gains, *more = (np.broadcast_to(constants[name], rest).reshape(-1) for name in (gain, *biases) if name)
    low.fill(quantise.layer_norm, op, tuple(tensors), gains, more[0] if more else None, out)


def softmax(low: GraphLowering, node: Node) -> None:
    """Lower a softmax over one axis."""
    (x,), (value,) = node.inputs, node.outputs
    front = front_of(low.graph, node)
    tensor = low.shaped(x, low.shape(x)[front:])
    out = low.into(low.out(value, standing_shape(low.graph, node, value)), unit_grid(low))
    table = low.draft.tensor(f"{low.here}.table", (ENTRIES,), 16, "table")
    op = low.op("", "softmax", "normalisation", [tensor, table], [out.tensor],
                axis=integer(node.attributes, "axis") - front)  # fmt: skip
    low.fill(quantise.softmax, op, table, low.wire(x))


def mean(low: GraphLowering, node: Node) -> None:
    """Lower a mean over some axes."""
    x, (value,) = node.inputs[0], node.outputs
    front, axes = front_of(low.graph, node), integers(node.attributes, "axes")
    shape = low.shape(x)
    tensor, count = low.shaped(x, shape[front:]), prod(shape[axis] for axis in axes)
    out = low.out(value, standing_shape(low.graph, node, value))
    op = low.op("", "mean", "normalisation", [tensor], [out.tensor], axes=tuple(axis - front for axis in axes))
    low.fill(quantise.mean, op, count, low.wire(x), out)


def argmax(low: GraphLowering, node: Node) -> None:
    """Lower an argmax along an axis."""
    (x,), (value,) = node.inputs, node.outputs
    if integer(node.attributes, "select_last_index"):
        raise CannotLower("takes the last of equals, and the chip the first", "export it with select_last_index 0")
    front, axis = front_of(low.graph, node), integer(node.attributes, "axis")
    bits = low.grid(value)[0].bits
    if low.shape(x)[axis] > 1 << (bits - 1):
        raise CannotLower(f"chooses among {low.shape(x)[axis]}, more than an index of {bits} bits can name")
    tensor = low.shaped(x, low.shape(x)[front:])
    out = low.out(value, standing_shape(low.graph, node, value))
    low.op("", "argmax", "argmax", [tensor], [out.tensor], axis=axis - front)
