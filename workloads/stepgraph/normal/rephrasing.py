"""Operators said by others: division by a reciprocal, the larger of two by a Relu, sums by a mean, look-ups by rows,
the largest of many by rounds of two, pads below zero by a slice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from workloads.stepgraph.graph import Attribute, Node
from workloads.stepgraph.kernels.given import integer, integers
from workloads.stepgraph.normal.even_places import gather_elements
from workloads.stepgraph.normal.rewriting import Normal, Rewriting


def rephrased(normal: Normal) -> Normal:
    """``normal`` without operators that a chip computes by others."""
    work = Rewriting(normal)
    for node in normal.graph.nodes:
        _RULES.get(node.operator, Rewriting.write)(work, node)
    return work.finished()


def _div(work: Rewriting, node: Node) -> None:
    """a / b as a (1 / b), but for single numbers."""
    a, b = node.inputs
    if any(name in work.constants and work.constants[name].size == 1 for name in node.inputs):
        work.write(node)
        return
    if b in work.constants:
        with np.errstate(all="ignore"):  # infinite, as the division would be
            inverse = work.constant(f"{node.name}.inverse", 1 / work.constants[b])
        work.write(Node(node.name, "Mul", (a, inverse), node.outputs))
        return
    inverse = work.value(f"{node.outputs[0]}.inverse", work.shape(b))
    work.write(Node(f"{node.name}.inverse", "Reciprocal", (b,), (inverse,)), node)
    work.write(Node(node.name, "Mul", (a, inverse), node.outputs))


def _extreme(work: Rewriting, node: Node) -> None:
    """max(a, b) = b + Relu(a - b), min(a, b) = a - Relu(a - b), where both flow."""
    if len(work.flowing(node)) != 2:
        work.write(node)
        return
    a, b = node.inputs
    _of_two(work, node, node.operator == "Max", a, b, node.outputs[0])


def _of_two(work: Rewriting, node: Node, is_max: bool, a: str, b: str, out: str) -> None:
    """Write the larger or the smaller of ``a`` and ``b`` to ``out``, for ``node``."""
    shape, name = work.shape(out), node.name if out in node.outputs else out
    distance, excess = work.value(f"{out}.distance", shape), work.value(f"{out}.excess", shape)
    work.write(Node(f"{name}.distance", "Sub", (a, b), (distance,)), node)
    work.write(Node(f"{name}.excess", "Relu", (distance,), (excess,)), node)
    work.write(Node(name, "Add" if is_max else "Sub", (b if is_max else a, excess), (out,)), node)


def _extreme_of_axes(work: Rewriting, node: Node) -> None:
    """Write the largest or smallest of whole axes: of the front half and the back half, until one element is left."""
    value, (out,), is_max = node.inputs[0], node.outputs, node.operator == "ReduceMax"
    if not work.dtype(value).startswith("float"):
        work.write(node)
        return
    for axis in integers(node.attributes, "axes"):
        while (size := work.shape(value)[axis]) > 1:
            count = (size + 1) // 2  # of an odd number both halves have the one in the middle
            front, back = (_part(work, node, value, axis, start, start + count) for start in (0, size - count))
            value = work.value(f"{out}.of{axis}", work.shape(front))
            _of_two(work, node, is_max, front, back, value)
    work.write(Node(node.name, "View", (value,), (out,)))


def _part(work: Rewriting, node: Node, value: str, axis: int, start: int, end: int) -> str:
    """Elements ``start`` .. ``end`` of an axis."""
    shape = [*work.shape(value)]
    shape[axis] = end - start
    part = work.value(f"{node.outputs[0]}.part", tuple(shape))
    bounds = {"start": start, "end": end, "axis": axis, "step": 1}
    names = [work.constant(f"{part}.{name}", np.array([number], np.int64)) for name, number in bounds.items()]
    work.write(Node(part, "Slice", (value, *names), (part,)), node)
    return part


def _pad(work: Rewriting, node: Node) -> None:
    """Write a pad; negative pads cut elements off, which is done first."""
    widths = work.constants[node.inputs[1]].reshape(-1)
    if widths.min(initial=0) >= 0 or node.attributes["mode"] != "constant":
        work.write(node)
        return
    value, (out,) = node.inputs[0], node.outputs
    rank = len(work.shape(value))
    for axis in range(rank):
        before, behind = (max(0, -int(widths[place])) for place in (axis, rank + axis))
        if before or behind:
            value = _part(work, node, value, axis, before, work.shape(value)[axis] - behind)
    if widths.max() <= 0:
        work.write(Node(node.name, "View", (value,), (out,)))
        return
    pads = work.constant(f"{node.name}.pads", widths.clip(0))
    work.write(Node(node.name, "Pad", (value, pads, *node.inputs[2:]), (out,), node.attributes))


def _sum(work: Rewriting, node: Node) -> None:
    """Write a sum as the mean times its count."""
    axes = tuple(int(axis) for axis in work.constants[node.inputs[1]].reshape(-1))
    x, (out,) = node.inputs[0], node.outputs
    mean = work.value(f"{out}.mean", work.shape(out))
    told: dict[str, Attribute] = {"axes": axes, "keepdims": integer(node.attributes, "keepdims")}
    work.write(Node(f"{node.name}.mean", "ReduceMean", (x,), (mean,), told), node)
    count = work.constant(f"{node.name}.count", np.array(prod(work.shape(x)[axis] for axis in axes), np.float32))
    work.write(Node(node.name, "Mul", (mean, count), node.outputs))


def _log_softmax(work: Rewriting, node: Node) -> None:
    """Write the logarithm of a softmax."""
    share = work.value(f"{node.outputs[0]}.share", work.shape(node.outputs[0]))
    work.write(Node(f"{node.name}.share", "Softmax", node.inputs, (share,), node.attributes), node)
    work.write(Node(node.name, "Log", (share,), node.outputs))


def _gather(work: Rewriting, node: Node) -> None:
    """Rows of a constant, picked by what flows, as an embedding (index, weight (V, D))."""
    table, index = node.inputs
    axis = integer(node.attributes, "axis")
    if table not in work.constants or index in work.constants or prod(work.shape(table)[:axis]) != 1:
        work.write(node)
        return
    rows = work.constants[table].reshape(work.shape(table)[axis], -1)
    weight = work.constant(f"{node.name}.weight", rows)
    made = (*work.shape(index), rows.shape[1])
    if made == work.shape(node.outputs[0]):
        work.write(Node(node.name, "Embedding", (index, weight), node.outputs))
        return
    out = work.value(f"{node.outputs[0]}.rows", made)
    work.write(Node(node.name, "Embedding", (index, weight), (out,)), node)
    work.write(Node(f"{node.name}.view", "View", (out,), node.outputs))


_RULES: Mapping[str, Callable[[Rewriting, Node], None]] = {
    "Div": _div,
    "Max": _extreme,
    "Min": _extreme,
    "Pad": _pad,
    "ReduceMax": _extreme_of_axes,
    "ReduceMin": _extreme_of_axes,
    "ReduceSum": _sum,
    "LogSoftmax": _log_softmax,
    "Gather": _gather,
    "GatherElements": gather_elements,
}
