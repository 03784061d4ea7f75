"""Operators said by others: division by a reciprocal, the larger of two by a Relu, sums by a mean, look-ups by rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from workloads.stepgraph.graph import Attribute, Node
from workloads.stepgraph.kernels.given import integer
from workloads.stepgraph.normal.even_places import gather_elements
from workloads.stepgraph.normal.rewriting import Normal, Rewriting


def rephrased(normal: Normal) -> Normal:
    """``normal`` without what a chip says in other words."""
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
    shape, name = work.shape(node.outputs[0]), node.outputs[0]
    distance, excess = work.value(f"{name}.distance", shape), work.value(f"{name}.excess", shape)
    work.write(Node(f"{node.name}.distance", "Sub", (a, b), (distance,)), node)
    work.write(Node(f"{node.name}.excess", "Relu", (distance,), (excess,)), node)
    of_b = node.operator == "Max"
    work.write(Node(node.name, "Add" if of_b else "Sub", (b if of_b else a, excess), node.outputs))


def _sum(work: Rewriting, node: Node) -> None:
    """A sum as the mean times its count."""
    axes = tuple(int(axis) for axis in work.constants[node.inputs[1]].reshape(-1))
    x, (out,) = node.inputs[0], node.outputs
    mean = work.value(f"{out}.mean", work.shape(out))
    told: dict[str, Attribute] = {"axes": axes, "keepdims": integer(node.attributes, "keepdims")}
    work.write(Node(f"{node.name}.mean", "ReduceMean", (x,), (mean,), told), node)
    count = work.constant(f"{node.name}.count", np.array(prod(work.shape(x)[axis] for axis in axes), np.float32))
    work.write(Node(node.name, "Mul", (mean, count), node.outputs))


def _log_softmax(work: Rewriting, node: Node) -> None:
    """The logarithm of a softmax."""
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
    "ReduceSum": _sum,
    "LogSoftmax": _log_softmax,
    "Gather": _gather,
    "GatherElements": gather_elements,
}
