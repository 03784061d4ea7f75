"""Operators that move nothing: the same elements in the same order, and zeros that a convolution could pad itself."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from workloads.stepgraph.graph import Node
from workloads.stepgraph.kernels.given import integers
from workloads.stepgraph.normal.rewriting import Normal, Rewriting


def with_views(normal: Normal) -> Normal:
    """``normal`` with a View in place of each node that moves nothing, and without Pads that a Conv alone reads."""
    work = Rewriting(normal)
    for node in normal.graph.nodes:
        if _moves_nothing(work, node):
            work.write(Node(node.name, "View", (node.inputs[0],), node.outputs))
        elif (padded := _own_pads(work, node)) is not None:
            work.write(padded)
        else:
            work.write(node)
    return work.finished()


def _moves_nothing(work: Rewriting, node: Node) -> bool:
    x = work.shape(node.inputs[0])
    if node.operator == "Reshape":
        return True
    if node.operator == "Expand":
        return prod(x) == prod(work.shape(node.outputs[0]))
    return node.operator == "ReduceMean" and all(x[axis] == 1 for axis in integers(node.attributes, "axes"))


def _own_pads(work: Rewriting, node: Node) -> Node | None:
    """``node``, a Conv, with the zeros before and behind its input as pads of its own."""
    if node.operator != "Conv":
        return None
    pad = work.maker(node.inputs[0], "Pad")
    if pad is None or not work.is_private(node.inputs[0]) or pad.attributes["mode"] != "constant":
        return None
    is_zero = len(pad.inputs) < 3 or not pad.inputs[2] or not work.constants[pad.inputs[2]].any()
    numbers = [int(number) for number in work.constants[pad.inputs[1]].reshape(-1)]
    begins, ends = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
    if not is_zero or any(begins[:2]) or any(ends[:2]) or min(numbers) < 0:
        return None
    pads = tuple(a + b for a, b in zip((*begins[2:], *ends[2:]), integers(node.attributes, "pads"), strict=True))
    work.fold(pad)
    return replace(node, inputs=(pad.inputs[0], *node.inputs[1:]), attributes={**node.attributes, "pads": pads})
