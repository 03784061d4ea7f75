"""The standard form of what only moves elements: each rule writes a node into a draft, or nothing if none moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from math import prod

from workloads.stepgraph.draft import Draft
from workloads.stepgraph.graph import Node, Tensor

Bounds = Mapping[int, tuple[int, int, int]]
"""(start, end, step) by axis, ends as ONNX counts them."""


def reshape(draft: Draft, node: Node, tensors: Sequence[Tensor]) -> None:
    """Write a reshape with its shape in numbers; a reshape of a reshape starts from the first one's operand."""
    draft.reshape(node.name, node.inputs[0], node.outputs[0], tensors[0].shape)


def expand(draft: Draft, node: Node, tensors: Sequence[Tensor]) -> None:
    """Write an expand with its shape in numbers; a reshape if no element is repeated."""
    source, (out,), shape = node.inputs[0], node.outputs, tensors[0].shape
    if draft.tensor(source).elements == tensors[0].elements:
        draft.reshape(node.name, source, out, shape)
    else:
        draft.add(replace(node, inputs=(source, draft.integers(f"{node.name}.shape", shape))), tensors)


def cast(draft: Draft, node: Node, tensors: Sequence[Tensor]) -> None:
    """Write a cast; nothing if the type stays."""
    if draft.tensor(node.inputs[0]) == tensors[0]:
        draft.alias(node.outputs[0], node.inputs[0])
    else:
        draft.add(node, tensors)


def concat(draft: Draft, node: Node, tensors: Sequence[Tensor]) -> None:
    """Write a concat without operands that have no elements."""
    parts = tuple(name for name in node.inputs if draft.tensor(name).elements)
    if len(parts) == 1:
        draft.alias(node.outputs[0], parts[0])
    else:
        draft.add(replace(node, inputs=parts or node.inputs), tensors)


def pad(draft: Draft, node: Node, tensors: Sequence[Tensor]) -> None:
    """Write a pad; nothing if nothing is padded."""
    if any(draft.numbers(node.inputs[1])):
        draft.add(node, tensors)
    else:
        draft.alias(node.outputs[0], node.inputs[0])


def slices(draft: Draft, node: Node, tensors: Sequence[Tensor]) -> None:
    """Write a slice with its axes in order, each with bounds within it; an axis that is kept whole is not named."""
    shape = draft.tensor(node.inputs[0]).shape
    starts, ends, *rest = (draft.numbers(name) for name in node.inputs[1:])
    axes = rest[0] if rest else tuple(range(len(starts)))
    steps = rest[1] if len(rest) > 1 else (1,) * len(starts)
    bounds = dict[int, tuple[int, int, int]]()
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        size = shape[axis % len(shape)]
        first, last, step = slice(max(start, -size), end, step).indices(size)
        bounds[axis % len(shape)] = (first, last if last >= 0 else -size - 1, step)
    _slice(draft, node.name, node.inputs[0], bounds, node.outputs[0], tensors[0])


def _slice(draft: Draft, name: str, source: str, bounds: Bounds, out: str, tensor: Tensor) -> None:
    shape = draft.tensor(source).shape
    cut = {axis: bounds[axis] for axis in sorted(bounds) if bounds[axis] != (0, shape[axis], 1)}
    if not cut:
        draft.alias(out, source)
        return
    starts, ends, steps = zip(*cut.values(), strict=True)
    columns = {"starts": starts, "ends": ends, "axes": tuple(cut), "steps": steps}
    constants = (draft.integers(f"{name}.{column}", numbers) for column, numbers in columns.items())
    draft.add(Node(name, "Slice", (source, *constants), (out,)), [tensor])


def gather(draft: Draft, node: Node, tensors: Sequence[Tensor]) -> None:
    """Write a gather; of constant neighbours along an axis of a computed value, a slice."""
    (source, index), (tensor,), axis = node.inputs, tensors, int(node.attributes["axis"])  # type: ignore[arg-type]
    if source in draft.constants or index not in draft.constants or len(draft.tensor(index).shape) > 1:
        draft.add(node, tensors)
        return
    shape = draft.tensor(source).shape
    places = [place % shape[axis] for place in draft.numbers(index)]
    if not places or places != list(range(places[0], places[0] + len(places))):
        draft.add(node, tensors)
        return
    kept = (*shape[:axis], len(places), *shape[axis + 1 :])
    part = node.outputs[0] if kept == tensor.shape else draft.fresh(f"{node.outputs[0]}.part")
    bounds = {axis: (places[0], places[-1] + 1, 1)}
    _slice(draft, node.name, source, bounds, part, Tensor(kept, tensor.dtype))
    if part != node.outputs[0]:
        draft.reshape(f"{node.name}.reshape", draft.name(part), node.outputs[0], tensor.shape)


def split(draft: Draft, node: Node, tensors: Sequence[Tensor]) -> None:
    """Write a slice for each part that is read; slices that share out the axis become a split again, whoever wrote
    them.
    """
    source, axis = node.inputs[0], int(node.attributes["axis"])  # type: ignore[arg-type]
    sizes = [tensor.shape[axis] for tensor in tensors]
    for index, (out, tensor, end) in enumerate(zip(node.outputs, tensors, accumulate(sizes), strict=True)):
        if out in draft.read:
            bounds = {axis: (end - sizes[index], end, 1)}
            _slice(draft, f"{node.name}.{index}", source, bounds, out, tensor)


def transpose(draft: Draft, node: Node, tensors: Sequence[Tensor]) -> None:
    """Write a transpose with the fewest axes, between two reshapes if it had more; a transpose of a transpose starts
    from the first one's operand.
    """
    perm: tuple[int, ...] = node.attributes["perm"]  # type: ignore[assignment]
    (out,), (tensor,) = node.outputs, tensors
    source, before = draft.turned.get(node.inputs[0], (node.inputs[0], tuple(range(len(perm)))))
    perm = tuple(before[axis] for axis in perm)
    draft.turned[out] = (source, perm)
    shape, order = _fewest_axes(draft.tensor(source).shape, perm)
    if order == tuple(range(len(order))):
        draft.reshape(node.name, source, out, tensor.shape)
        return
    flat = draft.reshape(f"{node.name}.before", source, draft.fresh(f"{out}.before"), shape)
    turned = tuple(shape[axis] for axis in order)
    made = out if turned == tensor.shape else draft.fresh(f"{out}.turned")
    draft.add(Node(node.name, "Transpose", (flat,), (made,), {"perm": order}), [Tensor(turned, tensor.dtype)])
    if made != out:
        draft.reshape(f"{node.name}.after", draft.name(made), out, tensor.shape)


def _fewest_axes(shape: tuple[int, ...], perm: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shape and perm that move the same elements: without axes of one, neighbours that stay neighbours as one axis."""
    axes = [axis for axis, size in enumerate(shape) if size != 1]
    moved = [axes.index(axis) for axis in perm if shape[axis] != 1]
    groups = list[list[int]]()
    for place in moved:
        if groups and groups[-1][-1] + 1 == place:
            groups[-1].append(place)
        else:
            groups.append([place])
    in_order = sorted(groups)
    sizes = [prod(shape[axes[place]] for place in group) for group in in_order]
    return tuple(sizes), tuple(in_order.index(group) for group in groups)
