"""The shape in which a trace keeps a node's result: without the axes of one element that no operation asks for."""

from __future__ import annotations

from math import prod

from workloads.stepgraph.graph import Node, StepGraph
from workloads.stepgraph.kernels.given import integer

Shape = tuple[int, ...]

_ALONG_AXES = ("Slice", "Split", "Concat", "Shift", "ReduceMean", "ArgMax", "Softmax")
"""Of these, operands and results keep the same axes in front."""


def bare(shape: Shape) -> Shape:
    """``shape`` without leading axes of one, but for its last axis."""
    return shape[_leading_ones(shape) :] or (1,)


def _leading_ones(shape: Shape) -> int:
    """The number of leading axes of one element, the last axis not counted."""
    return next((axis for axis, size in enumerate(shape[:-1]) if size != 1), max(0, len(shape) - 1))


def standing_shape(graph: StepGraph, node: Node, value: str) -> Shape:
    """The shape of the tensor that the operations of ``node`` write ``value`` to."""
    shape = graph.tensor(value).shape
    if node.operator == "Conv":
        return shape[1:]
    if node.operator == "Product":
        return (prod(shape[:-2]), *shape[-2:])
    if node.operator in ("LSTM", "GRU"):
        return (prod(shape[:-1]), shape[-1]) if prod(shape[:-1]) > 1 else shape[-1:]
    if node.operator in ("Transpose", "Pad"):
        return shape
    if node.operator == "Gather":
        axis, source = integer(node.attributes, "axis"), graph.tensor(node.inputs[0]).shape
        return (*source[:axis], graph.tensor(node.inputs[1]).elements, *source[axis + 1 :])
    if node.operator == "LayerNormalization":
        axis = integer(node.attributes, "axis")
        return (*shape[front_of(graph, node) : axis], prod(shape[axis:]))
    if node.operator in _ALONG_AXES:
        return shape[front_of(graph, node) :] or (1,)
    return bare(shape)


def front_of(graph: StepGraph, node: Node) -> int:
    """The number of leading axes of one element in all operands and results of ``node``, which works along axes."""
    flowing = [name for name in node.operands if not graph.is_constant(name)]
    shapes = [graph.tensor(name).shape for name in (*flowing, *node.outputs)]
    if len({len(shape) for shape in shapes}) > 1:
        return 0
    told = node.attributes.get("axis", node.attributes.get("axes", len(shapes[0])))
    first = min(int(axis) for axis in told) if isinstance(told, tuple) else int(told)
    return min(first, *(_leading_ones(shape) for shape in shapes))
