"""ONNX's operators that move, repeat or choose elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from nnasim import limits
from workloads.stepgraph.concrete.call import RawCall, Rule
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.refusals import CannotEnterError


def axes_of(call: RawCall, place: int, rank: int, since: int) -> tuple[int, ...] | None:
    """The axes, from the front, that an operand names from opset ``since`` on, an attribute before; None if neither
    does.
    """
    if call.opset >= since:
        value = call.get(place)
        axes = None if value is None else value.integers("axes")
    else:
        axes = call.integers("axes") if call.has("axes") else None
    return None if axes is None else different_axes(call, axes, rank)


def different_axes(call: RawCall, axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """``axes`` counted from the front, none of them twice."""
    from_front = tuple(call.from_front(axis, rank) for axis in axes)
    if len(set(from_front)) < len(from_front):
        raise CannotEnterError(f"names an axis of {tuple(axes)} twice")
    return from_front


def concat(write: Writer, call: RawCall) -> Value:
    """The operands joined along an axis."""
    values = call.present
    return write("Concat", *values, axis=call.axis(values[0], 1 if call.opset < 4 else None))


def slices(write: Writer, call: RawCall) -> Value:
    """The part between bounds, which are operands, or attributes before opset 10."""
    x = call[0]
    if call.opset >= 10:
        starts, ends = (call[place].integers("bounds") for place in (1, 2))
        axes = value.integers("axes") if (value := call.get(3)) is not None else tuple(range(len(starts)))
        steps = value.integers("steps") if (value := call.get(4)) is not None else (1,) * len(starts)
    else:
        starts, ends = call.integers("starts"), call.integers("ends")
        axes, steps = call.integers("axes", tuple(range(len(starts)))), (1,) * len(starts)
    if len({len(starts), len(ends), len(axes), len(steps)}) != 1:
        raise CannotEnterError("has bounds of different lengths")
    axes = different_axes(call, axes, x.rank)
    columns = {"starts": starts, "ends": ends, "axes": axes, "steps": steps}
    return write("Slice", x, *(write.integers(numbers, part) for part, numbers in columns.items()))


def split(write: Writer, call: RawCall) -> Sequence[Value]:
    """Parts along an axis. Their sizes are an operand, an attribute before opset 13, or equal for all outputs."""
    x = call[0]
    axis, count = call.axis(x, 0), call.integer("num_outputs", call.outputs)
    given = call.get(1) if call.opset >= 13 else None
    if given is not None:
        sizes = given.integers("sizes")
    elif call.has("split"):
        sizes = call.integers("split")
    else:
        if not 1 <= count <= max(x.shape[axis], call.outputs):
            raise CannotEnterError(f"shares out {x.shape} to {count} parts")
        whole = -(-x.shape[axis] // count)
        sizes = (*(whole,) * (count - 1), x.shape[axis] - whole * (count - 1))
    return write.several("Split", [x, write.integers(sizes, "sizes")], axis=axis)


def transpose(write: Writer, call: RawCall) -> Value:
    """x with its axes in another order, or all backwards."""
    perm = call.integers("perm", tuple(reversed(range(call[0].rank))))
    if sorted(perm) != list(range(call[0].rank)):
        raise CannotEnterError(f"{perm} is no order of the axes of {call[0].shape}")
    return write.transpose(call[0], perm)


def reshape(write: Writer, call: RawCall) -> Value:
    """x in another shape: 0 keeps a size, -1 takes the rest."""
    x, wanted = call[0], list(call[1].integers("shape"))
    if not call.flag("allowzero", 0):
        wanted = [x.shape[axis] if size == 0 and axis < x.rank else size for axis, size in enumerate(wanted)]
    if wanted.count(-1) == 1:
        others = prod(size for size in wanted if size != -1)
        if others and x.tensor.elements % others == 0:
            wanted[wanted.index(-1)] = x.tensor.elements // others
    return _reshaped(write, x, wanted)


def _reshaped(write: Writer, x: Value, shape: Sequence[int]) -> Value:
    if min(shape, default=0) < 0 or prod(shape) != x.tensor.elements:
        raise CannotEnterError(f"{x.shape} cannot be given the shape {tuple(shape)}")
    return write.reshape(x, shape)


def flatten(write: Writer, call: RawCall) -> Value:
    """x with two axes: those before ``axis``, and the rest."""
    axis, rank = call.integer("axis", 1), call[0].rank
    axis = axis if axis == rank else call.from_front(axis, rank)
    return write.reshape(call[0], (prod(call[0].shape[:axis]), prod(call[0].shape[axis:])))


def squeeze(write: Writer, call: RawCall) -> Value:
    """x without axes of one element."""
    x = call[0]
    axes = axes_of(call, 1, x.rank, 13)
    if axes is None:
        axes = tuple(axis for axis, size in enumerate(x.shape) if size == 1)
    if any(x.shape[axis] != 1 for axis in axes):
        raise CannotEnterError(f"takes axes {axes} away, which are not all of one element in {x.shape}")
    return write.reshape(x, [size for axis, size in enumerate(x.shape) if axis not in axes])


def unsqueeze(write: Writer, call: RawCall) -> Value:
    """x with more axes of one element."""
    given = call[1].integers("axes") if call.opset >= 13 else call.integers("axes")
    rank = call[0].rank + len(given)
    axes = different_axes(call, given, rank)
    sizes = iter(call[0].shape)
    return write.reshape(call[0], [1 if axis in axes else next(sizes) for axis in range(rank)])


def expand(write: Writer, call: RawCall) -> Value:
    """x repeated to the shape that both its own and the given one can be repeated to."""
    x, wanted = call[0], call[1].integers("shape")
    rank = max(x.rank, len(wanted))
    own, other = ((1,) * (rank - len(sizes)) + tuple(sizes) for sizes in (x.shape, wanted))
    if any(b not in (1, a) and a != 1 for a, b in zip(own, other, strict=True)):
        raise CannotEnterError(f"{x.shape} cannot be repeated to {wanted}")
    shape = tuple(b if a == 1 else a for a, b in zip(own, other, strict=True))
    return x if shape == x.shape else write("Expand", x, write.integers(shape, "shape"))


def tile(write: Writer, call: RawCall) -> Value:
    """x repeated as a whole, several times along each axis."""
    x, counts = call[0], call[1].integers("repeats")
    if len(counts) != x.rank or min(counts, default=0) < 0 or max(*counts, prod(counts), 0) > MOST_COPIES:
        raise CannotEnterError(f"repeats {x.shape} {counts} times, where at most {MOST_COPIES:,} copies are allowed")
    for axis, count in enumerate(counts):
        if count == 0:
            x = write.slice(x, axis, 0, 0)
        elif count > 1:
            x = write("Concat", *[x] * count, axis=axis)
    return x


MOST_COPIES = limits.TILED_COPIES


def pad(write: Writer, call: RawCall) -> Value:
    """x padded. Widths and value are operands, or attributes before opset 11; from opset 18 on for some axes only."""
    x, mode = call[0], call.text("mode", "constant")
    if call.opset < 11:
        widths, value = call.integers("pads"), write.number(call.number("value", 0.0, infinite=True), x, "value")
    else:
        widths, value = call[1].integers("pads"), call.get(2) or write.number(0, x, "value")
    axes = axes_of(call, 3, x.rank, 18) if call.opset >= 18 else None
    axes = axes if axes is not None else tuple(range(x.rank))
    if len(widths) != 2 * len(axes):
        raise CannotEnterError(f"pads {widths} do not fit {x.shape}")
    pads = [0] * (2 * x.rank)
    for place, axis in enumerate(axes):
        pads[axis], pads[x.rank + axis] = widths[place], widths[place + len(axes)]
    if not any(pads):
        return x
    filled = [write.reshape(value, ())] if mode == "constant" else []
    return write("Pad", x, write.integers(pads, "pads"), *filled, mode=mode)


def depth_to_space(write: Writer, call: RawCall) -> Value:
    """x with blocks of channels as blocks of pixels."""
    (batch, channels, height, width), block = _pixels(call), call.integer("blocksize")
    if block < 1 or channels % block**2:
        raise CannotEnterError(f"shares out {channels} channels to blocks of {block}")
    deep = channels // block**2
    if call.text("mode", "DCR") == "DCR":
        cut, perm = (batch, block, block, deep, height, width), (0, 3, 4, 1, 5, 2)
    else:
        cut, perm = (batch, deep, block, block, height, width), (0, 1, 4, 2, 5, 3)
    turned = write.transpose(write.reshape(call[0], cut), perm)
    return write.reshape(turned, (batch, deep, height * block, width * block))


def space_to_depth(write: Writer, call: RawCall) -> Value:
    """x with blocks of pixels as blocks of channels."""
    (batch, channels, height, width), block = _pixels(call), call.integer("blocksize")
    if block < 1 or height % block or width % block:
        raise CannotEnterError(f"cuts {height} x {width} into blocks of {block}")
    cut = write.reshape(call[0], (batch, channels, height // block, block, width // block, block))
    turned = write.transpose(cut, (0, 3, 5, 1, 2, 4))
    return write.reshape(turned, (batch, channels * block**2, height // block, width // block))


def _pixels(call: RawCall) -> tuple[int, ...]:
    if call[0].rank != 4:
        raise CannotEnterError(f"takes (batch, channels, height, width), not {call[0].shape}")
    return call[0].shape


def one_hot(write: Writer, call: RawCall) -> Value:
    """One value at each place, another elsewhere."""
    places, depth, values = call[0], call[1].whole("depth"), call[2]
    if depth < 1 or values.shape != (2,):
        raise CannotEnterError(f"spreads places over {depth} with values {values.shape}")
    write.budget.spend(depth, 8)
    axis = call.axis(places, -1, beyond=1)
    column = [1] * (places.rank + 1)
    column[axis] = depth
    row = write.reshape(places, (*places.shape[:axis], 1, *places.shape[axis:]))
    from_end = write("Add", row, write.number(depth, row, "depth"))
    front = write("Where", write("Less", row, write.number(0, row, "zero")), from_end, row)
    hit = write("Equal", front, write.constant(np.arange(depth, dtype=places.dtype).reshape(column), "places"))
    off, on = (write.reshape(write.slice(values, 0, place, place + 1), ()) for place in (0, 1))
    return write("Where", hit, on, off)


RULES: Mapping[str, Rule] = {
    "Concat": concat,
    "Slice": slices,
    "Split": split,
    "Transpose": transpose,
    "Reshape": reshape,
    "Flatten": flatten,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Expand": expand,
    "Tile": tile,
    "Pad": pad,
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
    "OneHot": one_hot,
}
