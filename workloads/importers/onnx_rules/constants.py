"""ONNX's operators that only constants and shapes decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, isfinite

import numpy as np

from nnasim import limits
from workloads.importers.onnx_rules.movements import axes_of
from workloads.stepgraph.concrete.call import RawCall, Rule
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.graph import Array
from workloads.stepgraph.refusals import CannotEnterError

_HELD: Mapping[str, Callable[[RawCall], Array]] = {
    "value": lambda call: call.array("value"),
    "value_int": lambda call: np.array(call.integer("value_int"), np.int64),
    "value_ints": lambda call: np.array(call.integers("value_ints"), np.int64),
    "value_float": lambda call: np.array(call.number("value_float", infinite=True), np.float32),
    "value_floats": lambda call: np.array(call.numbers("value_floats"), np.float32),
}


def constant(write: Writer, call: RawCall) -> Value:
    """A tensor, a number or a list of numbers."""
    held = [name for name in _HELD if call.has(name)]
    if not held:
        raise CannotEnterError("holds no tensor of numbers")
    if len(held) > 1:
        raise CannotEnterError(f"holds {' and '.join(held)}, of which it may have one")
    return write.constant(_HELD[held[0]](call))


def shape(write: Writer, call: RawCall) -> Value:
    """The shape of a value, or the part of it from ``start`` to ``end``."""
    sizes = call[0].shape[slice(call.integer("start", 0), call.integer("end", call[0].rank))]
    return write.constant(np.array(sizes, np.int64))


def size(write: Writer, call: RawCall) -> Value:
    """The number of elements."""
    return write.constant(np.array(call[0].tensor.elements, np.int64))


def constant_of_shape(write: Writer, call: RawCall) -> Value:
    """One value everywhere."""
    value = call.array("value").reshape(-1)[:1] if call.has("value") else np.zeros(1, np.float32)
    if not value.size:
        raise CannotEnterError("has a value without elements")
    return write("Expand", write.constant(value.reshape(())), call[0])


def numbers(write: Writer, call: RawCall) -> Value:
    """The numbers from start to limit, in steps."""
    start, limit, step = (call[place].single("range") for place in range(3))
    if not np.isfinite([start, limit, step]).all() or not step:
        raise CannotEnterError(f"counts from {start} to {limit} in steps of {step}")
    steps = (limit - start) / step
    count = max(0, ceil(steps)) if isfinite(steps) else limits.FOLDED_BYTES
    write.budget.spend(count, 8)
    return write.constant((start + np.arange(count) * step).astype(call[0].dtype))


def eye_like(write: Writer, call: RawCall) -> Value:
    """Ones on a diagonal of a matrix of the operand's shape."""
    rows, columns = _matrix(call[0])
    write.budget.spend(rows * columns, 8)
    dtype = call.text("dtype", call[0].dtype)
    return write.constant(np.eye(rows, columns, _within(call.integer("k", 0), rows, columns), dtype=dtype))


def triangle(write: Writer, call: RawCall) -> Value:
    """Zeros above or below a diagonal of the last two axes."""
    x, upper = call[0], call.flag("upper", 1)
    diagonal = call.get(1)
    rows, columns = _matrix(x)
    k = _within(diagonal.whole("diagonal"), rows, columns) if diagonal is not None else 0
    write.budget.spend(rows * columns, 1)
    low = np.tri(rows, columns, k - (1 if upper else 0), dtype=bool)
    return write("Where", write.constant(~low if upper else low, "mask"), x, write.number(0, x, "zero"))


def _within(diagonal: int, rows: int, columns: int) -> int:
    """``diagonal``, or the nearest that is wholly beyond the matrix, as is every other there."""
    return max(-rows - 1, min(diagonal, columns + 1))


def _matrix(value: Value) -> tuple[int, int]:
    if value.rank < 2:
        raise CannotEnterError(f"takes matrices, not {value.shape}")
    return value.shape[-2], value.shape[-1]


def window(shape_of: Callable[[Array], Array]) -> Rule:
    """The rule of a window of the raised-cosine kind; ``shape_of``: its values at phases of 0 .. 2 pi."""

    def rule(write: Writer, call: RawCall) -> Value:
        count = call[0].whole("size")
        if count < 0:
            raise CannotEnterError(f"is a window of {count} samples")
        write.budget.spend(count, 8)
        period = count if call.flag("periodic", 1) else max(count - 1, 1)
        phases = 2 * np.pi * np.arange(count) / max(period, 1)
        return write.constant(shape_of(phases).astype(call.text("output_datatype", "float32")))

    return rule


def non_zero(write: Writer, call: RawCall) -> Value:
    """The places of a constant that hold anything but zero."""
    array = call[0].elements("operand")
    write.budget.spend(array.size * 8, 8)
    return write.constant(np.array(np.nonzero(np.atleast_1d(array)), np.int64))


def product(write: Writer, call: RawCall) -> Value:
    """The product of constants over axes, such as the number of elements of a shape."""
    array, rank = call[0].elements("operand"), call[0].rank
    axes = axes_of(call, 1, rank, 18) or tuple(range(rank))
    with np.errstate(all="ignore"):  # as in a C library
        result = np.prod(array, axis=axes, keepdims=bool(call.flag("keepdims", 1)), dtype=array.dtype)
    return write.constant(np.asarray(result))


def dequantised(write: Writer, call: RawCall) -> Value:
    """The reals that a constant's integers stand for."""
    array, scale = call[0].elements("operand"), call[1].elements("scale")
    zero = call.get(2)
    offset = zero.elements("zero point") if zero is not None else np.zeros(scale.shape, np.float32)
    axis = call.integer("axis", 1)
    if call.integer("block_size", 0):
        raise CannotEnterError("has a scale for every block")
    _check_quantisation(array, scale, offset)
    if scale.size > 1:
        column = [1] * array.ndim
        column[axis := call.from_front(axis, array.ndim)] = -1
        if scale.shape != (array.shape[axis],):
            raise CannotEnterError(f"has {scale.shape} scales along axis {axis} of {array.shape}")
        scale, offset = scale.reshape(column), offset.reshape(column)
    else:
        scale, offset = scale.reshape(()), offset.reshape(())
    write.budget.spend(array.size, 8)
    steps = array.astype(np.float32) - offset.astype(np.float32)
    if steps[np.broadcast_to(scale, steps.shape) == 0].any():
        raise CannotEnterError("has a scale of 0, so its numbers are lost")
    with np.errstate(over="ignore"):
        return write.constant((steps * scale).astype(np.float32))


def _check_quantisation(array: Array, scale: Array, offset: Array) -> None:
    """Raise CannotEnterError unless ``array`` holds integers, or floats of eight bits, and each scale is one."""
    if array.dtype.kind not in "iuf" or scale.dtype.kind != "f":
        raise CannotEnterError(f"stands for reals by {array.dtype}, with scales {scale.dtype}")
    if scale.size != offset.size or max(scale.ndim, offset.ndim) > 1 or not scale.size:
        raise CannotEnterError(f"has scales {scale.shape} and zero points {offset.shape}, not one of each")
    wrong = scale[~(np.isfinite(scale) & (scale >= 0))]
    if wrong.size:
        raise CannotEnterError(f"has a scale of {wrong[0]}, where a finite number of at least 0 is allowed")


RULES: Mapping[str, Rule] = {
    "Constant": constant,
    "Shape": shape,
    "Size": size,
    "ConstantOfShape": constant_of_shape,
    "Range": numbers,
    "EyeLike": eye_like,
    "Trilu": triangle,
    "HannWindow": window(lambda phase: 0.5 - 0.5 * np.cos(phase)),
    "HammingWindow": window(lambda phase: 25 / 46 - 21 / 46 * np.cos(phase)),
    "BlackmanWindow": window(lambda phase: 0.42 - 0.5 * np.cos(phase) + 0.08 * np.cos(2 * phase)),
    "NonZero": non_zero,
    "ReduceProd": product,
    "DequantizeLinear": dequantised,
}
