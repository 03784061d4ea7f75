"""Elements that are picked at constant, evenly spaced places: slices of the same elements in another shape.

Attention that says how far two frames are apart has a row of scores for each frame, and reads from each row one element
further to the left than from the row before. Laid end to end, that is one row after the other of a smaller width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workloads.stepgraph.graph import Array, Node
from workloads.stepgraph.kernels.given import integer
from workloads.stepgraph.normal.rewriting import Rewriting


@dataclass(frozen=True)
class EvenPlaces:
    """``blocks`` of ``rows`` rows each, end to end: from ``start`` on rows of ``stride``, ``count`` of each."""

    blocks: int
    rows: int
    start: int
    stride: int
    count: int


def even_places(places: Array, width: int) -> EvenPlaces | None:
    """The even places that ``places`` (R, S) are within rows of ``width``; None if they are not even."""
    total, count = places.shape
    steps = places - np.arange(count)
    if not count or not (steps == steps[:, :1]).all():
        return None
    firsts = steps[:, 0]
    for rows in (rows for rows in range(total, 0, -1) if total % rows == 0):
        further = int(firsts[1] - firsts[0]) if rows > 1 else 0
        start, stride = int(firsts[0]), width + further
        even = (firsts.reshape(-1, rows) == start + further * np.arange(rows)).all()
        if even and start >= 0 and stride >= count and start + rows * stride <= rows * width:
            return EvenPlaces(total // rows, rows, start, stride, count)
    return None


def gather_elements(work: Rewriting, node: Node) -> None:
    """Places of the last axis, constant and even, as a slice, a view, and a slice."""
    x, index = node.inputs
    shape, axis = work.shape(x), integer(node.attributes, "axis")
    places = work.constants.get(index)
    if places is None or axis != len(shape) - 1 or places.shape[:-1] != shape[:-1] or not axis:
        work.write(node)
        return
    width, count = shape[-1], places.shape[-1]
    even = even_places(np.where(places < 0, places + width, places).reshape(-1, count), width)
    if even is None:
        work.write(node)
        return
    rows = (even.blocks, even.rows, even.stride)
    flat = _view(work, node, x, "flat", (even.blocks, even.rows * width))
    cut = _slice(work, node, flat, "cut", 1, even.start, even.start + even.rows * even.stride)
    turned = _view(work, node, cut, "rows", rows)
    kept = _slice(work, node, turned, "kept", 2, 0, even.count)
    work.write(Node(node.name, "View", (kept,), node.outputs))


def _view(work: Rewriting, node: Node, value: str, part: str, shape: tuple[int, ...]) -> str:
    made = work.value(f"{node.outputs[0]}.{part}", shape)
    work.write(Node(f"{node.name}.{part}", "View", (value,), (made,)), node)
    return made


def _slice(work: Rewriting, node: Node, value: str, part: str, axis: int, start: int, end: int) -> str:
    """Places ``start`` to ``end`` of an axis; nothing if that is all of it."""
    shape = work.shape(value)
    if (start, end) == (0, shape[axis]):
        return value
    made = work.value(f"{node.outputs[0]}.{part}", (*shape[:axis], end - start, *shape[axis + 1 :]))
    names = {"starts": start, "ends": end, "axes": axis, "steps": 1}
    bounds = [
        work.constant(f"{node.name}.{part}.{name}", np.array([number], np.int64)) for name, number in names.items()
    ]
    work.write(Node(f"{node.name}.{part}", "Slice", (value, *bounds), (made,)), node)
    return made
