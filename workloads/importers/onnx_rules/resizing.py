"""ONNX's resizing along axes: the nearest element is picked, or a matrix interpolates linearly between two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import floor

import numpy as np

from workloads.stepgraph.concrete.call import RawCall, Rule
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.graph import Array
from workloads.stepgraph.refusals import CannotEnterError

_HELP = "resize by nearest or linear, to a fixed size"


def resize(write: Writer, call: RawCall) -> Value:
    """x resized by scales or to sizes, on all axes or on those that are named."""
    if call.flag("antialias", 0) or call.text("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise CannotEnterError("smooths what it makes smaller, or keeps the ratio of its sides", _HELP)
    x, scales = call[0], call.get(1 if call.opset < 11 else 2)
    sizes = call.get(3) if call.opset >= 11 else None
    call.get(1)  # the region of interest, of which tf_crop_and_resize alone takes notice
    axes = [call.from_front(axis, x.rank) for axis in call.integers("axes", tuple(range(x.rank)))]
    if call.opset < 11:
        places, rounding = "asymmetric", "floor"
    else:
        places = call.text("coordinate_transformation_mode", "half_pixel")
        rounding = call.text("nearest_mode", "round_prefer_floor")
    if sizes is not None and sizes.array is not None and sizes.array.size:
        wanted = sizes.integers("sizes")
        factors = [size / max(1, x.shape[axis]) for size, axis in zip(wanted, axes, strict=False)]
    elif scales is not None:
        factors, wanted = _scaled(x, axes, scales.elements("scales"))
    else:
        raise CannotEnterError("says neither scales nor sizes")
    return _resized(write, call, x, axes, wanted, factors, places, rounding)


def upsample(write: Writer, call: RawCall) -> Value:
    """x enlarged by scales: an operand, or an attribute before opset 9."""
    x = call[0]
    given = call[1].elements("scales") if call.opset >= 9 else np.array(call.numbers("scales"))
    axes = list(range(x.rank))
    factors, wanted = _scaled(x, axes, given)
    return _resized(write, call, x, axes, wanted, factors, "asymmetric", "floor")


def _scaled(x: Value, axes: list[int], scales: Array) -> tuple[list[float], tuple[int, ...]]:
    """The factor of each of ``axes``, and the size that it gives."""
    factors = [float(scale) for scale in scales.reshape(-1)]
    if not np.isfinite(factors).all():
        raise CannotEnterError(f"resizes {x.shape} by {factors}")
    return factors, tuple(floor(x.shape[axis] * factor) for axis, factor in zip(axes, factors, strict=False))


def _resized(
    write: Writer, call: RawCall, x: Value, axes: list[int], sizes: tuple[int, ...], factors: list[float],
    places: str, rounding: str,
) -> Value:  # fmt: skip
    """``x`` with each of ``axes`` of another size, one after the other."""
    mode = call.text("mode", "nearest")
    mode = "linear" if mode == "bilinear" else mode
    for name in ("cubic_coeff_a", "exclude_outside", "extrapolation_value"):
        call.has(name)
    if mode not in ("nearest", "linear") or places not in _PLACES or rounding not in _ROUNDINGS:
        raise CannotEnterError(f"resizes by {mode}, {places}, {rounding}", _HELP)
    fits = len(axes) == len(set(axes)) == len(sizes) == len(factors) and 0 not in x.shape
    if not fits or min(sizes, default=1) < 1 or min(factors, default=1) <= 0:
        raise CannotEnterError(f"resizes {x.shape} by {factors}")
    for axis, size, factor in zip(axes, sizes, factors, strict=True):
        if factor == 1 and size == x.shape[axis]:
            continue
        write.budget.spend(size * (x.shape[axis] if mode == "linear" else 1), 8)
        at = _PLACES[places](np.arange(size), size, x.shape[axis], factor)
        x = _picked(write, x, axis, _ROUNDINGS[rounding](at)) if mode == "nearest" else _mixed(write, x, axis, at)
    return x


def _picked(write: Writer, x: Value, axis: int, at: Array) -> Value:
    """The elements of an axis below the places ``at``: repeated, if each one is equally often, else gathered."""
    size = x.shape[axis]
    index = at.clip(0, size - 1).astype(np.int64)
    times = len(index) // size
    if np.array_equal(index, np.repeat(np.arange(size), times)):
        column = write.reshape(x, (*x.shape[: axis + 1], 1, *x.shape[axis + 1 :]))
        shape = (*x.shape[: axis + 1], times, *x.shape[axis + 1 :])
        repeated = write("Expand", column, write.integers(shape, "shape"))
        return write.reshape(repeated, (*x.shape[:axis], len(index), *x.shape[axis + 1 :]))
    return write("Gather", x, write.constant(index, "places"), axis=axis)


def _mixed(write: Writer, x: Value, axis: int, at: Array) -> Value:
    """The interpolation between the two elements on either side of each of ``at``; those at the ends are repeated."""
    size = x.shape[axis]
    at = at.clip(0, size - 1)
    below = np.floor(at).astype(np.int64)
    matrix, columns = np.zeros((size, len(at)), np.float32), np.arange(len(at))
    np.add.at(matrix, (below, columns), 1 - (at - below))
    np.add.at(matrix, ((below + 1).clip(0, size - 1), columns), at - below)
    order = [*(other for other in range(x.rank) if other != axis), axis]
    mixed = write("MatMul", write.transpose(x, order), write.constant(matrix, "weight"))
    return write.transpose(mixed, [order.index(other) for other in range(x.rank)])


def _half_pixel(at: Array, size: int, old: int, factor: float) -> Array:
    return np.asarray((at + 0.5) / factor - 0.5)


def _symmetric(at: Array, size: int, old: int, factor: float) -> Array:
    return np.asarray(old / 2 * (1 - size / (factor * old)) + (at + 0.5) / factor - 0.5)


_PLACES: Mapping[str, Callable[[Array, int, int, float], Array]] = {
    "half_pixel": _half_pixel,
    "half_pixel_symmetric": _symmetric,
    "pytorch_half_pixel": lambda at, size, old, factor: _half_pixel(at, size, old, factor) if size > 1 else 0.0 * at,
    "align_corners": lambda at, size, old, factor: at * ((old - 1) / max(size - 1, 1)),
    "asymmetric": lambda at, size, old, factor: at / factor,
}
"""The place among ``old`` elements of each of ``size``."""

_ROUNDINGS: Mapping[str, Callable[[Array], Array]] = {
    "floor": np.floor,
    "ceil": np.ceil,
    "round_prefer_floor": lambda at: np.ceil(at - 0.5),
    "round_prefer_ceil": lambda at: np.floor(at + 0.5),
}

RULES: Mapping[str, Rule] = {"Resize": resize, "Upsample": upsample}
