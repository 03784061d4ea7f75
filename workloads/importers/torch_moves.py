"""torch's operators that move elements: views, slices, joins, and choices between elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from workloads.importers.torch_calls import AtenCall, Value
from workloads.importers.torch_writer import Writer, subject
from workloads.stepgraph.refusals import CannotEnterError

Say = Callable[[Writer, AtenCall], str | tuple[str, ...]]


def _axis(write: Writer, call: AtenCall, argument: str = "dim") -> int:
    """An axis of the input, counted from the front."""
    return int(call[argument]) % max(1, len(write.tensor(subject(write, call)).shape))


def view(write: Writer, call: AtenCall) -> str:
    """x in another shape, which the export has decided."""
    if "dtype" in call.arguments:
        raise CannotEnterError("reads the bytes of one type as another")
    return write.reshape(subject(write, call), call.shape)


def expand(write: Writer, call: AtenCall) -> str:
    """x with axes of one element repeated."""
    return write.add("Expand", [subject(write, call), write.integers(*call.shape)], call.shape)


def cast(write: Writer, call: AtenCall) -> str:
    """x in another type."""
    return write.cast(subject(write, call), call.tensors[0].dtype)


def copy(write: Writer, call: AtenCall) -> str:
    """The value that overwrites another, broadcast to its shape and in its type."""
    source = write.cast(write.operand(call.get("src", call.get("value")), call.tensors[0].dtype), call.tensors[0].dtype)
    if write.tensor(source).shape == call.shape:
        return source
    return write.add("Expand", [source, write.integers(*call.shape)], call.shape)


def permute(write: Writer, call: AtenCall) -> str:
    """x with its axes in the order of the call."""
    rank = len(call.shape)
    return write.transpose(subject(write, call), [axis % rank for axis in call["dims"]])


def transpose(write: Writer, call: AtenCall) -> str:
    """x with two axes exchanged; those of a matrix if none are named."""
    rank = len(call.shape)
    perm = list(range(rank))
    if rank > 1:
        first, second = call.get("dim0", 0) % rank, call.get("dim1", 1) % rank
        perm[first], perm[second] = second, first
    return write.transpose(subject(write, call), perm)


def concat(write: Writer, call: AtenCall) -> str:
    """Tensors one behind the other; those without elements of one axis, which torch lets be, are left out."""
    rank, dtype = len(call.shape), call.tensors[0].dtype
    parts = [write.cast(write.name(value), dtype) for value in call["tensors"]]
    parts = [name for name in parts if len(write.tensor(name).shape) == rank]
    return write.add("Concat", parts, call.shape, axis=call["dim"] % rank)


def stack(write: Writer, call: AtenCall) -> str:
    """Tensors one behind the other along a new axis."""
    axis = call["dim"] % len(call.shape)
    one = (*call.shape[:axis], 1, *call.shape[axis + 1 :])
    parts = [write.reshape(write.name(value), one) for value in call["tensors"]]
    return write.add("Concat", parts, call.shape, axis=axis)


def part(write: Writer, call: AtenCall) -> str:
    """The part from start to end along one axis."""
    x, axis = subject(write, call), _axis(write, call)
    size = write.tensor(x).shape[axis]
    start, end, step = slice(call.get("start", 0), call.get("end", size), call["step"]).indices(size)
    return write.slice(x, axis, start, end, step)


def select(write: Writer, call: AtenCall) -> str:
    """x at one place of an axis, without that axis."""
    index = write.constant(np.array(call["index"], np.int64))
    return write.add("Gather", [subject(write, call), index], call.shape, axis=_axis(write, call))


def index_select(write: Writer, call: AtenCall) -> str:
    """x at some places of an axis."""
    return write.add("Gather", [subject(write, call), write.name(call["index"])], call.shape, axis=_axis(write, call))


def indexed(write: Writer, call: AtenCall) -> str:
    """A tensor indexed by one tensor of integers along one axis."""
    given = [(axis, value) for axis, value in enumerate(call["indices"]) if value is not None]
    places = [write.name(value) for _, value in given]
    if len(given) != 1 or write.tensor(places[0]).dtype == "bool":
        raise CannotEnterError("is indexed by several tensors or by truths", "use index_select or torch.where")
    return write.add("Gather", [subject(write, call), places[0]], call.shape, axis=given[0][0])


def gather(write: Writer, call: AtenCall) -> str:
    """One element for each place along an axis."""
    return write.add(
        "GatherElements", [subject(write, call), write.name(call["index"])], call.shape, axis=_axis(write, call)
    )


def scatter(write: Writer, call: AtenCall) -> str:
    """A tensor with one element overwritten for each place along an axis."""
    index, axis, source = write.name(call["index"]), _axis(write, call), call.get("src", call.get("value"))
    shape, dtype = write.tensor(index).shape, call.tensors[0].dtype
    if isinstance(source, Value):
        updates = write.cast(write.name(source), dtype)
        for place, size in enumerate(shape):
            updates = write.slice(updates, place, 0, size)
    else:
        updates = write.constant(np.full(shape, source, dtype))
    return write.add("ScatterElements", [subject(write, call), index, updates], call.shape, axis=axis, reduction="none")


def windows(write: Writer, call: AtenCall) -> str:
    """Overlapping parts of one axis, one behind the other there; their elements are the last axis."""
    x, size, step = subject(write, call), call["size"], call["step"]
    shape = write.tensor(x).shape
    axis = call["dimension"] % len(shape)
    last = [*(place for place in range(len(shape)) if place != axis), axis]
    one = (*call.shape[:axis], 1, *call.shape[axis + 1 :])
    slices = (write.slice(x, axis, start, start + size) for start in range(0, shape[axis] - size + 1, step))
    parts = [write.reshape(write.transpose(part, last), one) for part in slices]
    return write.add("Concat", parts, call.shape, axis=axis)


def split(write: Writer, call: AtenCall) -> tuple[str, ...]:
    """Parts along an axis, of the sizes that the export has decided."""
    x, axis = subject(write, call), _axis(write, call)
    sizes = write.integers(*(tensor.shape[axis] for tensor in call.tensors))
    outputs = {str(index): tensor for index, tensor in enumerate(call.tensors)}
    return write.add_several("Split", [x, sizes], outputs, axis=axis)


def unbind(write: Writer, call: AtenCall) -> tuple[str, ...]:
    """Every place along an axis, which disappears."""
    x, axis = subject(write, call), _axis(write, call)
    parts = (write.slice(x, axis, index, index + 1) for index in range(len(call.outputs)))
    return tuple(write.reshape(name, call.shape) for name in parts)


def written_over(write: Writer, call: AtenCall) -> str:
    """A tensor of which a part along one axis is another's: what comes before it, the other, what comes after."""
    x, axis = subject(write, call), _axis(write, call)
    shape = write.tensor(x).shape
    size = shape[axis]
    if call.operator == "aten.select_scatter":
        start = call["index"] % size
        end, step = start + 1, 1
        middle = write.reshape(write.name(call["src"]), (*shape[:axis], 1, *shape[axis + 1 :]))
    else:
        start, end, step = slice(call.get("start", 0), call.get("end", size), call["step"]).indices(size)
        middle = write.name(call["src"])
    if step != 1:
        raise CannotEnterError("writes every other place of a tensor")
    parts = [write.slice(x, axis, 0, start), middle, write.slice(x, axis, max(start, end), size)]
    return write.add("Concat", parts, call.shape, axis=axis)


def pad(write: Writer, call: AtenCall) -> str:
    """x with its last axes made longer; torch counts them from the last on."""
    given = call["pad"]
    rank = len(call.shape)
    begins, ends = ([0] * (rank - len(given) // 2) + list(given[side::2])[::-1] for side in (0, 1))
    mode = {"replicate": "edge", "circular": "wrap"}.get(call.get("mode", "constant"), call.get("mode", "constant"))
    x, pads = subject(write, call), write.integers(*begins, *ends)
    filled = [write.operand(call.get("value", 0), call.tensors[0].dtype)] if mode == "constant" else []
    return write.add("Pad", [x, pads, *filled], call.shape, mode=mode)


def repeat(write: Writer, call: AtenCall) -> str:
    """x repeated as a whole, several times along each axis."""
    x, counts = subject(write, call), call["repeats"]
    shape = write.tensor(x).shape
    x = write.reshape(x, (1,) * (len(counts) - len(shape)) + shape)
    for axis, count in enumerate(counts):
        sizes = list(write.tensor(x).shape)
        sizes[axis] *= count
        x = write.add("Concat", [x] * count, sizes, axis=axis) if count != 1 else x
    return x


def flip(write: Writer, call: AtenCall) -> str:
    """x with axes backwards."""
    axes = [axis % len(call.shape) for axis in call["dims"]]
    ends = [-call.shape[axis] - 1 for axis in axes]
    bounds = ([-1] * len(axes), ends, axes, [-1] * len(axes))
    return write.add("Slice", [subject(write, call), *(write.integers(*numbers) for numbers in bounds)], call.shape)


def roll(write: Writer, call: AtenCall) -> str:
    """x shifted along an axis; elements that leave at its end enter at its beginning."""
    x = subject(write, call)
    if not call["dims"]:
        flat = write.reshape(x, (write.tensor(x).elements,))
        return write.reshape(_rolled(write, flat, 0, call["shifts"][0]), call.shape)
    for axis, shift in zip(call["dims"], call["shifts"], strict=True):
        x = _rolled(write, x, axis % len(call.shape), shift)
    return x


def _rolled(write: Writer, x: str, axis: int, shift: int) -> str:
    shape = write.tensor(x).shape
    cut = -shift % shape[axis]
    parts = [write.slice(x, axis, cut, shape[axis]), write.slice(x, axis, 0, cut)]
    return write.add("Concat", parts, shape, axis=axis)


def where(write: Writer, call: AtenCall) -> str:
    """Elements of one operand or the other, chosen by a boolean tensor."""
    dtype = call.tensors[0].dtype
    both = [write.operand(call[name], dtype) for name in ("self", "other")]
    return write.add("Where", [write.name(call["condition"]), *both], call.shape, dtype)


def masked_fill(write: Writer, call: AtenCall) -> str:
    """x, but a number where a boolean tensor is true."""
    value = write.operand(call["value"], call.tensors[0].dtype)
    return write.add(
        "Where", [write.name(call["mask"]), value, subject(write, call)], call.shape, call.tensors[0].dtype
    )


def triangle(write: Writer, call: AtenCall) -> str:
    """x with zeros above or below a diagonal of the last two axes."""
    low = np.tri(call.shape[-2], call.shape[-1], call["diagonal"] - (call.operator == "aten.triu"), dtype=bool)
    kept = write.constant(~low if call.operator == "aten.triu" else low, "mask")
    dtype = call.tensors[0].dtype
    return write.add("Where", [kept, subject(write, call), write.operand(0, dtype)], call.shape, dtype)


MOVES: Mapping[str, Say] = {
    **dict.fromkeys(("aten.view", "aten._unsafe_view", "aten.squeeze", "aten.unsqueeze"), view),
    "aten.expand": expand,
    **dict.fromkeys(("aten._to_copy", "aten.type_as"), cast),
    **dict.fromkeys(("aten.copy", "aten.fill"), copy),
    "aten.permute": permute,
    **dict.fromkeys(("aten.transpose", "aten.t"), transpose),
    "aten.cat": concat,
    "aten.stack": stack,
    "aten.slice": part,
    "aten.select": select,
    "aten.index_select": index_select,
    "aten.index": indexed,
    "aten.gather": gather,
    "aten.scatter": scatter,
    "aten.unfold": windows,
    **dict.fromkeys(("aten.split", "aten.split_with_sizes"), split),
    "aten.unbind": unbind,
    **dict.fromkeys(("aten.slice_scatter", "aten.select_scatter"), written_over),
    "aten.pad": pad,
    "aten.repeat": repeat,
    "aten.flip": flip,
    "aten.roll": roll,
    "aten.where": where,
    "aten.masked_fill": masked_fill,
    **dict.fromkeys(("aten.tril", "aten.triu"), triangle),
}
