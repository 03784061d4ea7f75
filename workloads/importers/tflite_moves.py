"""Operators of TensorFlow Lite that only move elements."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from workloads.importers.tflite_elementwise import like
from workloads.importers.tflite_emission import Emission
from workloads.importers.tflite_file import FileOperator
from workloads.importers.tflite_layout import turned
from workloads.importers.tflite_products import activated
from workloads.importers.tflite_values import axis_of, spread
from workloads.stepgraph.refusals import CannotEnterError

_BEYOND = 1 << 30


def reshape(emission: Emission, operator: FileOperator) -> None:
    """Write a reshape to a shape in an operand or the options, one dimension of which may follow from the others."""
    x, *shapes = operator.inputs
    wanted = emission.numbers(shapes[0], "shape") if shapes and shapes[0] >= 0 else _new_shape(emission)
    _to(emission, operator, x, _decided(emission.shape(x), wanted))


def _new_shape(emission: Emission) -> tuple[int, ...]:
    found = emission.options("ReshapeOptions").NewShapeAsNumpy()
    return () if isinstance(found, int) else tuple(map(int, found))


def _decided(shape: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...]:
    """``wanted`` without -1, of as many elements as ``shape``."""
    others = prod(size for size in wanted if size != -1)
    decided = tuple(prod(shape) // others if size == -1 and others else size for size in wanted)
    if prod(decided) != prod(shape) or any(size < 0 for size in decided) or wanted.count(-1) > 1:
        raise CannotEnterError(f"makes {wanted} of {shape}", "give inputs the sizes that the file was made for")
    return decided


def _to(emission: Emission, operator: FileOperator, x: int, shape: tuple[int, ...]) -> None:
    """Output 0 as ``x`` in another shape; a tensor channels first that is laid flat is remembered."""
    (out,) = operator.outputs
    image = emission.kept_flat.get(x, x)
    if emission.follows(image) and len(shape) <= 2:
        emission.kept_flat[out] = image
    emission.result_written("Reshape", [emission.written(x), emission.integers("shape", shape)], shape)


def expand_dims(emission: Emission, operator: FileOperator) -> None:
    """Write a reshape that adds an axis of one element."""
    x, where = operator.inputs
    axis, shape = emission.number(where, "axis"), emission.shape(x)
    place = axis_of(axis, len(shape) + 1, False)
    _to(emission, operator, x, (*shape[:place], 1, *shape[place:]))


def squeeze(emission: Emission, operator: FileOperator) -> None:
    """Write a reshape without the named axes of one element, or without all of them."""
    (x,) = operator.inputs
    shape = emission.shape(x)
    found = emission.options("SqueezeOptions").SqueezeDimsAsNumpy()
    axes = [] if isinstance(found, int) else [axis_of(int(axis), len(shape), False) for axis in found]
    gone = set(axes or [axis for axis, size in enumerate(shape) if size == 1])
    if any(shape[axis] != 1 for axis in gone):
        raise CannotEnterError(f"drops axes {sorted(gone)} of {shape}")
    _to(emission, operator, x, tuple(size for axis, size in enumerate(shape) if axis not in gone))


def shape_of(emission: Emission, operator: FileOperator) -> None:
    """Write the operand's shape, which is decided."""
    (x,) = operator.inputs
    shape = emission.shape(x)
    emission.alias(emission.integers("shape", shape), (len(shape),))


def transpose(emission: Emission, operator: FileOperator) -> None:
    """Write a transpose to another order of axes, as the file gives it."""
    x, order = operator.inputs
    shape, perm = emission.shape(x), emission.numbers(order, "order of axes")
    if sorted(axis % max(len(shape), 1) for axis in perm) != list(range(len(shape))):
        raise CannotEnterError(f"puts {len(shape)} axes into the order {perm}")
    perm = tuple(axis % len(shape) for axis in perm)
    emission.result_written("Transpose", [emission.written(x)], turned(shape, perm), perm=perm)


def concatenation(emission: Emission, operator: FileOperator) -> None:
    """Write the operands joined along an axis."""
    options, (out,) = emission.options("ConcatenationOptions"), operator.outputs
    shapes = [emission.shape(index) for index in operator.inputs]
    if len({len(shape) for shape in shapes}) != 1:
        raise CannotEnterError(f"joins the shapes {', '.join(map(str, shapes))}")
    axis, rank = axis_of(options.Axis(), len(shapes[0]), False), len(shapes[0])
    if len({(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}) != 1:
        raise CannotEnterError(f"joins the shapes {', '.join(map(str, shapes))} along axis {axis}")
    shape = (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])
    operands = [like(emission, operator, index) for index in operator.inputs]
    place = axis_of(axis, rank, emission.follows(out))
    activated(emission, options, "Concat", operands, shape, {"axis": place})


def pack(emission: Emission, operator: FileOperator) -> None:
    """Write the operands joined along a new axis."""
    options, shape = emission.options("PackOptions"), emission.shape(operator.inputs[0])
    axis = axis_of(options.Axis(), len(shape) + 1, False)
    wide = (*shape[:axis], 1, *shape[axis:])
    if any(emission.shape(index) != shape for index in operator.inputs):
        raise CannotEnterError("joins different shapes")
    parts = [emission.reshape(emission.written(index), wide, f"part{n}") for n, index in enumerate(operator.inputs)]
    full = (*shape[:axis], len(parts), *shape[axis:])
    emission.result_written("Concat", parts, full, axis=axis)


def unpack(emission: Emission, operator: FileOperator) -> None:
    """Write each place of an axis as an output; the axis is dropped."""
    (x,) = operator.inputs
    shape = emission.shape(x)
    axis = axis_of(emission.options("UnpackOptions").Axis(), len(shape), False)
    if shape[axis] != len(operator.outputs):
        raise CannotEnterError(f"makes {len(operator.outputs)} of {shape[axis]} places")
    kept, dtype = (*shape[:axis], *shape[axis + 1 :]), emission.dtype(x)
    for place, out in enumerate(operator.outputs):
        part = _cut(emission, emission.written(x), shape, [(axis, place, place + 1, 1)], f"part{place}", dtype)
        emission.bind_written(out, emission.reshape(part, kept, f"unpacked{place}"), kept)


def split(emission: Emission, operator: FileOperator) -> None:
    """Write a split into equal parts along an axis."""
    where, x = operator.inputs
    axis, shape = emission.number(where, "axis"), emission.shape(x)
    axis, count = axis_of(axis, len(shape), False), len(operator.outputs)
    if not count or shape[axis] % count:
        raise CannotEnterError(f"makes {count} equal parts of {shape[axis]}")
    _share(emission, operator, x, axis, [shape[axis] // count] * count)


def split_v(emission: Emission, operator: FileOperator) -> None:
    """Write a split into parts of given sizes along an axis, one of which may be the rest."""
    x, lengths, where = operator.inputs
    axis, shape = emission.number(where, "axis"), emission.shape(x)
    axis, sizes = axis_of(axis, len(shape), False), list(emission.numbers(lengths, "sizes"))
    rest = shape[axis] - sum(size for size in sizes if size != -1)
    sizes = [rest if size == -1 else size for size in sizes]
    if len(sizes) != len(operator.outputs) or sum(sizes) != shape[axis] or min(sizes) < 0:
        raise CannotEnterError(f"makes parts of {sizes} of {shape[axis]}")
    _share(emission, operator, x, axis, sizes)


def _share(emission: Emission, operator: FileOperator, x: int, axis: int, sizes: list[int]) -> None:
    shape = emission.shape(x)
    shapes = [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]
    place = axis_of(axis, len(shape), emission.follows(operator.outputs[0]))
    inputs = [like(emission, operator, x), emission.integers("sizes", sizes)]
    emission.results("Split", inputs, shapes, axis=place)


def slice_(emission: Emission, operator: FileOperator) -> None:
    """Write a slice from a beginning, of a given size, or of all that is left."""
    x, begin, size = operator.inputs
    shape = emission.shape(x)
    begins, sizes = emission.numbers(begin, "beginning"), emission.numbers(size, "size")
    if len(begins) != len(shape) or len(sizes) != len(shape):
        raise CannotEnterError(f"cuts {len(begins)} axes of {len(shape)}")
    bounds = []
    for axis, (start, count) in enumerate(zip(begins, sizes, strict=True)):
        end = shape[axis] if count == -1 else start + count
        if not 0 <= start <= end <= shape[axis]:
            raise CannotEnterError(f"cuts {start} to {end} of {shape[axis]}")
        bounds.append((axis, start, end, 1))
    _cut_out(emission, operator, x, bounds)


def strided_slice(emission: Emission, operator: FileOperator) -> None:
    """Write Python's slices, with one bit of each mask for an axis: begin and end that are not given, axes that are
    dropped.
    """
    x, *rest = operator.inputs
    shape, options = emission.shape(x), emission.options("StridedSliceOptions")
    begins, ends, strides = (emission.numbers(index, "bounds") for index in rest)
    if options.EllipsisMask() or options.NewAxisMask():
        raise CannotEnterError("makes new axes as it slices", "export the slice and the new axis apart")
    if not len(begins) == len(ends) == len(strides) <= len(shape) or 0 in strides:
        raise CannotEnterError(f"slices {shape} by {begins}, {ends}, {strides}")
    shrunk = [axis for axis in range(len(begins)) if options.ShrinkAxisMask() >> axis & 1]
    bounds = []
    for axis, (begin, end, stride) in enumerate(zip(begins, ends, strides, strict=True)):
        if options.Offset():
            end += begin
        if axis in shrunk:
            place = axis_of(begin, shape[axis], False)
            bounds.append((axis, place, place + 1, 1))
            continue
        start = None if options.BeginMask() >> axis & 1 else begin
        stop = None if options.EndMask() >> axis & 1 else end
        bounds.append((axis, *slice(start, stop, stride).indices(shape[axis])))
    if not shrunk:
        _cut_out(emission, operator, x, bounds)
        return
    cut = _cut_shape(shape, bounds)
    kept = tuple(size for axis, size in enumerate(cut) if axis not in shrunk)
    (out,) = operator.outputs
    part = _cut(emission, emission.written(x), shape, bounds, "part", emission.dtype(x))
    emission.bind_written(out, emission.reshape(part, kept, "shrunk"), kept)


Bounds = Sequence[tuple[int, int, int, int]]
"""(axis, start, stop, step) as ``range`` counts them."""


def _cut_shape(shape: tuple[int, ...], bounds: Bounds) -> tuple[int, ...]:
    sizes = list(shape)
    for axis, start, stop, step in bounds:
        sizes[axis] = len(range(start, stop, step))
    return tuple(sizes)


def _bounds(emission: Emission, bounds: Bounds, axes: Sequence[int], suffix: str) -> list[str]:
    """The operands of a Slice: starts, ends, axes, steps; an end before the first element is far before it."""
    ends = [stop if stop >= 0 else -_BEYOND for _, _, stop, _ in bounds]
    columns = {
        "starts": [start for _, start, _, _ in bounds], "ends": ends, "axes": list(axes),
        "steps": [step for *_, step in bounds],
    }  # fmt: skip
    return [emission.integers(f"{suffix}{name}", column) for name, column in columns.items()]


def _cut_out(emission: Emission, operator: FileOperator, x: int, bounds: Bounds) -> None:
    shape, (out,) = emission.shape(x), operator.outputs
    bounds = [bound for bound in bounds if bound[1:] != (0, shape[bound[0]], 1)]
    if not bounds:
        emission.alias(like(emission, operator, x), shape)
        return
    axes = [axis_of(axis, len(shape), emission.follows(out)) for axis, *_ in bounds]
    emission.result(
        "Slice", [like(emission, operator, x), *_bounds(emission, bounds, axes, "")], _cut_shape(shape, bounds)
    )


def _cut(emission: Emission, value: str, shape: tuple[int, ...], bounds: Bounds, suffix: str, dtype: str) -> str:
    """A part of a value in the file's order."""
    operands = [value, *_bounds(emission, bounds, [axis for axis, *_ in bounds], f"{suffix}.")]
    return emission.helper("Slice", operands, _cut_shape(shape, bounds), suffix, dtype)


def gather(emission: Emission, operator: FileOperator) -> None:
    """Write a gather along an axis, at places that are data."""
    x, places = operator.inputs
    options = emission.options("GatherOptions")
    if options.BatchDims():
        raise CannotEnterError("picks other places in each row")
    shape, picked = emission.shape(x), emission.shape(places)
    axis = axis_of(options.Axis(), len(shape), False)
    _gather(emission, x, places, axis, (*shape[:axis], *picked, *shape[axis + 1 :]))


def embedding_lookup(emission: Emission, operator: FileOperator) -> None:
    """Write a gather of a table's rows by tokens."""
    tokens, table = operator.inputs
    _gather(emission, table, tokens, 0, (*emission.shape(tokens), *emission.shape(table)[1:]))


def _gather(emission: Emission, x: int, places: int, axis: int, shape: tuple[int, ...]) -> None:
    emission.result_written("Gather", [emission.written(x), emission.written(places)], shape, axis=axis)


def pad(emission: Emission, operator: FileOperator) -> None:
    """Write a pad with zeros, or with a constant, before and after each axis."""
    x, pads, *value = operator.inputs
    _pad(emission, operator, x, pads, [emission.written(value[0])] if value else [], "constant")


def mirror_pad(emission: Emission, operator: FileOperator) -> None:
    """Write a pad with the elements next to the edge, without the edge itself."""
    if emission.options("MirrorPadOptions").Mode() != 0:
        raise CannotEnterError("mirrors the edge too", "use the mode REFLECT")
    x, pads = operator.inputs
    _pad(emission, operator, x, pads, [], "reflect")


def _pad(emission: Emission, operator: FileOperator, x: int, pads: int, value: list[str], mode: str) -> None:
    shape, numbers = emission.shape(x), emission.numbers(pads, "padding")
    if len(numbers) != 2 * len(shape) or min(numbers, default=0) < 0:
        raise CannotEnterError(f"pads {shape} by {numbers}")
    begins, ends = numbers[::2], numbers[1::2]
    (out,) = operator.outputs
    order = [axis_of(axis, len(shape), emission.follows(out)) for axis in range(len(shape))]
    moved = [0] * (2 * len(shape))
    for axis, place in enumerate(order):
        moved[place], moved[place + len(shape)] = begins[axis], ends[axis]
    full = tuple(size + before + after for size, before, after in zip(shape, begins, ends, strict=True))
    emission.result("Pad", [like(emission, operator, x), emission.integers("pads", moved), *value], full, mode=mode)


def broadcast_to(emission: Emission, operator: FileOperator) -> None:
    """Write an expand to a constant shape."""
    x, to = operator.inputs
    wanted = emission.numbers(to, "shape")
    if spread(emission.shape(x), wanted) != wanted:
        raise CannotEnterError(f"spreads {emission.shape(x)} to {wanted}")
    emission.result_written("Expand", [emission.written(x), emission.integers("shape", wanted)], wanted)
