"""ONNX's operators that only constants and shapes decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil

import numpy as np

from workloads.importers.onnx_rules.movements import axes_of
from workloads.stepgraph.concrete.call import RawCall, Rule
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.graph import Array
from workloads.stepgraph.refusals import CannotEnterError

_LISTS = ("value_int", "value_ints", "value_float", "value_floats")


def constant(write: Writer, call: RawCall) -> Value:
    """A tensor, a number or a list of numbers."""
    if call.has("value"):
        return write.constant(call.array("value"))
    for name in _LISTS:
        if call.has(name):
            dtype = np.int64 if "int" in name else np.float32
            return write.constant(np.array(call.node.attributes[name], dtype))
    raise CannotEnterError("holds no tensor of numbers")


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
    count = max(0, ceil((limit - start) / step))
    write.budget.spend(count, 8)
    return write.constant((start + np.arange(count) * step).astype(call[0].dtype))


def eye_like(write: Writer, call: RawCall) -> Value:
    """Ones on a diagonal of a matrix of the operand's shape."""
    rows, columns = _matrix(call[0])
    write.budget.spend(rows * columns, 8)
    dtype = call.text("dtype", call[0].dtype)
    return write.constant(np.eye(rows, columns, call.integer("k", 0), dtype=dtype))


def triangle(write: Writer, call: RawCall) -> Value:
    """Zeros above or below a diagonal of the last two axes."""
    x, upper = call[0], call.integer("upper", 1)
    diagonal = call.get(1)
    k = int(diagonal.single("diagonal")) if diagonal is not None else 0
    rows, columns = _matrix(x)
    write.budget.spend(rows * columns, 1)
    low = np.tri(rows, columns, k - (1 if upper else 0), dtype=bool)
    return write("Where", write.constant(~low if upper else low, "mask"), x, write.number(0, x, "zero"))


def _matrix(value: Value) -> tuple[int, int]:
    if value.rank < 2:
        raise CannotEnterError(f"takes matrices, not {value.shape}")
    return value.shape[-2], value.shape[-1]


def window(shape_of: Callable[[Array], Array]) -> Rule:
    """The rule of a window of the raised-cosine kind; ``shape_of``: its values at phases of 0 .. 2 pi."""

    def rule(write: Writer, call: RawCall) -> Value:
        count = int(call[0].single("size"))
        if count < 0:
            raise CannotEnterError(f"is a window of {count} samples")
        write.budget.spend(count, 8)
        period = count if call.integer("periodic", 1) else max(count - 1, 1)
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
    result = np.prod(array, axis=axes, keepdims=bool(call.integer("keepdims", 1)), dtype=array.dtype)
    return write.constant(np.asarray(result))


def dequantised(write: Writer, call: RawCall) -> Value:
    """The reals that a constant's integers stand for."""
    array, scale = call[0].elements("operand"), call[1].elements("scale")
    zero = call.get(2)
    offset = zero.elements("zero point") if zero is not None else np.zeros(scale.shape, np.float32)
    axis = call.integer("axis", 1)
    if call.integer("block_size", 0):
        raise CannotEnterError("has a scale for every block")
    if scale.ndim:
        column = [1] * array.ndim
        column[call.from_front(axis, array.ndim)] = -1
        scale, offset = scale.reshape(column), offset.reshape(column)
    write.budget.spend(array.size, 8)
    return write.constant(((array.astype(np.float32) - offset.astype(np.float32)) * scale).astype(np.float32))


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
