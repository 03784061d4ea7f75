"""The lowering of operators that move elements: pieces, joints, transposes, stretches and pads along axes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workloads.stepgraph.graph import Node
from workloads.stepgraph.kernels.given import integer, integers
from workloads.stepgraph.lowering.cannot_lower import CannotLower
from workloads.stepgraph.lowering.graph_lowering import GraphLowering
from workloads.stepgraph.lowering.standing_shapes import bare, front_of
from workloads.stepgraph.lowering.trace_draft import Wire, same_format


def slices(low: GraphLowering, node: Node) -> None:
    """Lower to a piece of each axis that is cut, one axis after the other."""
    x, (value,) = node.inputs[0], node.outputs
    starts, _, axes, steps = (low.graph.constants[name].reshape(-1) for name in node.inputs[1:])
    front, shape, whole = front_of(low.graph, node), list(low.shape(x)), low.shape(value)
    tensor, grid = low.shaped(x, tuple(shape[front:])), low.wire(x).grid
    cuts = [(int(axis), int(start), int(step)) for axis, start, step in zip(axes, starts, steps, strict=True)]
    for place, (axis, start, step) in enumerate(cuts):
        size, shape[axis] = shape[axis], whole[axis]
        start = min(start, size - 1) if start >= 0 else start + size
        cut = tuple(shape[front:])
        is_last = place == len(cuts) - 1
        out = low.out(value, cut).tensor if is_last else low.scratch(f"cut{place}", cut, grid).tensor
        low.op("" if is_last else f"cut{place}", "slice", "movement", [tensor], [out],
               axis=axis - front, start=start, step=step)  # fmt: skip
        tensor = out


def split(low: GraphLowering, node: Node) -> None:
    """Lower to parts along an axis, in their order."""
    x, front = node.inputs[0], front_of(low.graph, node)
    outs = [low.out(value, low.shape(value)[front:]).tensor for value in node.outputs]
    tensor = low.shaped(x, low.shape(x)[front:])
    low.op("", "split", "movement", [tensor], outs, axis=integer(node.attributes, "axis") - front)


def concat(low: GraphLowering, node: Node) -> None:
    """Lower to the operands joined along an axis."""
    (value,), front = node.outputs, front_of(low.graph, node)
    axis = integer(node.attributes, "axis")
    tensors = [_part(low, name, value, place, front) for place, name in enumerate(node.inputs)]
    out = low.out(value, low.shape(value)[front:])
    low.op("", "concat", "movement", tensors, [out.tensor], axis=axis - front)


def shift(low: GraphLowering, node: Node) -> None:
    """Add new elements at the end of a register: in its own tensor, or in another one as a piece and a joint."""
    register, *new = node.inputs
    (value,), front, axis = node.outputs, front_of(low.graph, node), integer(node.attributes, "axis")
    tensors = [_part(low, name, value, place, front) for place, name in enumerate(new)]
    shape, held = low.shape(value)[front:], low.wire(register)
    if low.is_home(value) and low.out(value, shape).tensor == held.tensor:
        low.op("", "concat", "movement", tensors, [held.tensor], axis=axis - front, shift=True)
        return
    count = sum(low.shape(name)[axis] for name in new)
    left = (*shape[: axis - front], shape[axis - front] - count, *shape[axis - front + 1 :])
    piece = low.scratch("left", left, held.grid).tensor
    low.op("left", "slice", "movement", [low.shaped(register, shape)], [piece], axis=axis - front, start=count)
    low.op("", "concat", "movement", [piece, *tensors], [low.out(value, shape).tensor], axis=axis - front)


def _part(low: GraphLowering, name: str, value: str, place: int, front: int) -> str:
    """An operand of a concat in the format of the whole."""
    shape, (grid, factor) = low.shape(name)[front:], low.grid(value)
    if not low.graph.is_constant(name):
        tensor, wire, joint = low.shaped(name, shape), low.wire(name), Wire("", grid, factor)
        if same_format(wire, joint):
            return tensor
        part = low.scratch(f"part{place}", shape, grid, factor)
        low.requantise(f"part{place}.format", replace(wire, tensor=tensor), part)
        return part.tensor
    return low.constant(f"part{place}", low.graph.constants[name], grid, factor, shape).tensor


def transpose(low: GraphLowering, node: Node) -> None:
    """Lower to axes in another order."""
    (x,), (value,) = node.inputs, node.outputs
    out = low.out(value, low.shape(value))
    tensor = low.shaped(x, low.shape(x))
    low.op("", "copy", "movement", [tensor], [out.tensor], perm=integers(node.attributes, "perm"))


def expand(low: GraphLowering, node: Node) -> None:
    """Lower to the same elements repeated along axes of one element."""
    x, (value,) = node.inputs[0], node.outputs
    out = low.out(value, bare(low.shape(value)))
    low.op("", "copy", "movement", [low.shaped(x, bare(low.shape(x)))], [out.tensor])


def pad(low: GraphLowering, node: Node) -> None:
    """Lower to a constant before and after, or the elements next to the edge: as pieces, joined."""
    x, pads, *rest = node.inputs
    (value,), mode = node.outputs, node.attributes["mode"]
    numbers = [int(number) for number in low.graph.constants[pads].reshape(-1)]
    begins, ends = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
    if min(numbers) < 0:
        raise CannotLower("has negative pads, which cut what it reads")
    if mode not in (known := ("constant", "edge", "reflect")):
        raise CannotLower(f"pads by {mode}, where {', '.join(known)} are known")
    padding = float(low.graph.constants[rest[0]].reshape(())) if rest and rest[0] else 0.0
    shape, grid = list(low.shape(x)), low.grid(value)
    tensor = low.shaped(x, tuple(shape))
    axes = [axis for axis in range(len(shape)) if begins[axis] or ends[axis]]
    for axis in axes:
        parts = list[str]()
        for side, count in (("before", begins[axis]), ("behind", ends[axis])):
            piece = [*shape]
            piece[axis] = count
            if count and mode == "constant":
                filled = np.full(piece, padding, np.float32)
                parts.append(low.constant(f"{side}{axis}", filled, *grid, tuple(piece)).tensor)
            elif count:
                parts.append(_mirrored(low, tensor, axis, count, side, mode == "edge"))
            if side == "before":
                parts.append(tensor)
        shape[axis] += begins[axis] + ends[axis]
        is_last = axis == axes[-1]
        out = low.out(value, tuple(shape)) if is_last else low.scratch(f"padded{axis}", tuple(shape), grid[0])
        low.op("" if is_last else f"pad{axis}", "concat", "movement", parts, [out.tensor], axis=axis)
        tensor = out.tensor


def _mirrored(low: GraphLowering, tensor: str, axis: int, count: int, side: str, is_edge: bool) -> str:
    """``count`` elements beyond an end of ``axis``: the outermost again, or those within, mirrored at it."""
    spec = low.draft.tensors[tensor]
    size, shape = spec.shape[axis], (*spec.shape[:axis], count, *spec.shape[axis + 1 :])
    if count >= size and not is_edge:
        raise CannotLower(f"mirrors {count} elements of {size}")
    piece = low.draft.tensor(f"{low.here}.{side}{axis}", shape, spec.bits)
    if is_edge:
        one = low.draft.tensor(f"{low.here}.edge{axis}", (*shape[:axis], 1, *shape[axis + 1 :]), spec.bits)
        start = 0 if side == "before" else size - 1
        low.op(f"edge.{side}{axis}", "slice", "movement", [tensor], [one], axis=axis, start=start, step=1)
        low.op(f"{side}{axis}", "copy", "movement", [one], [piece])
    else:
        start = count if side == "before" else size - 2
        low.op(f"{side}{axis}", "slice", "movement", [tensor], [piece], axis=axis, start=start, step=-1)
    return piece
