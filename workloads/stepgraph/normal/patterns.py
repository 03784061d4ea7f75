"""Layer norm and softmax that an exporter wrote out in their parts, recognised by what they compute."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workloads.stepgraph.attributes import complete
from workloads.stepgraph.graph import Node
from workloads.stepgraph.normal.rewriting import Normal, Rewriting


def with_patterns(normal: Normal) -> Normal:
    """``normal`` with a node in place of each pattern that is found in it."""
    work = Rewriting(normal)
    for node in normal.graph.nodes:
        work.write(_softmax(work, node) or _layer_norm(work, node) or node)
    return work.finished()


def _softmax(work: Rewriting, node: Node) -> Node | None:
    """e^x over its sum along one axis, with or without the largest x taken off first."""
    if node.operator != "Div":
        return None
    power, total = work.maker(node.inputs[0], "Exp"), work.maker(node.inputs[1], "ReduceSum")
    if not (power and total and total.inputs[0] == power.outputs[0]):
        return None
    axes = _axes(work, total)
    if len(axes) != 1:
        return None
    x = power.inputs[0]
    if shifted := work.maker(x, "Sub"):
        largest = work.maker(shifted.inputs[1], "ReduceMax")
        if largest and largest.inputs[0] == shifted.inputs[0] and _axes(work, largest) == axes:
            x = shifted.inputs[0]
    return Node(node.name, "Softmax", (x,), node.outputs, {"axis": axes[0]})


def _layer_norm(work: Rewriting, node: Node) -> Node | None:
    """(x - mean) over the square root of the mean of its square, plus epsilon, over trailing axes; no gain yet."""
    for centred_name, root in _centred_over_root(work, node):
        centred = work.maker(centred_name, "Sub")
        mean = centred and work.maker(centred.inputs[1], "ReduceMean")
        if not (centred and mean and mean.inputs[0] == centred.inputs[0]):
            continue
        epsilon, variance = _variance(work, root)
        square = variance and work.maker(variance.inputs[0], "Mul", "Pow")
        if not (variance and square and _is_square(work, square, centred.outputs[0])):
            continue
        x, axes = centred.inputs[0], _axes(work, mean)
        axis = _first_of_trailing(work.shape(x), axes)
        if _axes(work, variance) != axes or axis is None:
            continue
        gain = work.constant(f"{node.name}.gain", np.ones(work.shape(x)[axis:], np.float32))
        attributes = complete("LayerNormalization", {"axis": axis, "epsilon": epsilon}, len(work.shape(x)))
        return Node(node.name, "LayerNormalization", (x, gain), node.outputs, attributes)
    return None


def _centred_over_root(work: Rewriting, node: Node) -> Iterator[tuple[str, Node]]:
    """The dividend, and the node that takes the root it is divided by: d / sqrt(v), d v^-1/2, d (1 / sqrt(v))."""
    if node.operator == "Div" and (root := work.maker(node.inputs[1], "Sqrt")):
        yield node.inputs[0], root
    if node.operator == "Mul":
        for d, inverse in (node.inputs, node.inputs[::-1]):
            if (power := work.maker(inverse, "Pow")) and _number(work, power.inputs[1]) == -0.5:
                yield d, power
            elif (root := _inverted_root(work, inverse)) is not None:
                yield d, root


def _inverted_root(work: Rewriting, value: str) -> Node | None:
    """The Sqrt that ``value`` is one over."""
    over = work.maker(value, "Reciprocal", "Div")
    if over is None or (over.operator == "Div" and _number(work, over.inputs[0]) != 1):
        return None
    return work.maker(over.inputs[-1], "Sqrt")


def _variance(work: Rewriting, root: Node) -> tuple[float, Node | None]:
    """Epsilon, and the mean of the squares under ``root``."""
    under = root.inputs[0]
    if (sum_ := work.maker(under, "Add")) and (epsilon := _number(work, sum_.inputs[1])) is not None:
        return epsilon, work.maker(sum_.inputs[0], "ReduceMean")
    return 0.0, work.maker(under, "ReduceMean")


def _is_square(work: Rewriting, node: Node, value: str) -> bool:
    if node.operator == "Mul":
        return node.inputs == (value, value)
    return node.inputs[0] == value and _number(work, node.inputs[1]) == 2


def _number(work: Rewriting, name: str) -> float | None:
    """The value of a constant of one element; None of anything else."""
    constant = work.constants.get(name)
    return float(constant.reshape(())) if constant is not None and constant.size == 1 else None


def _axes(work: Rewriting, node: Node) -> tuple[int, ...]:
    """The axes of a reduction that keeps them; none of one that does not."""
    if not node.attributes["keepdims"]:
        return ()
    if node.operator == "ReduceSum":
        return tuple(int(axis) for axis in work.constants[node.inputs[1]].reshape(-1))
    axes = node.attributes["axes"]
    assert isinstance(axes, tuple)
    return tuple(int(axis) for axis in axes)


def _first_of_trailing(shape: tuple[int, ...], axes: tuple[int, ...]) -> int | None:
    """The first of the trailing axes that hold the same elements as ``axes``; None if these are not trailing ones."""
    wide = [axis for axis in axes if shape[axis] != 1]
    if not wide:
        return None
    trailing = [axis for axis in range(wide[0], len(shape)) if shape[axis] != 1]
    return wide[0] if wide == trailing else None
