"""ONNX's Fourier transforms, as products with cosines and sines."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workloads.stepgraph.concrete.call import RawCall, Rule
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.graph import Array
from workloads.stepgraph.refusals import CannotEnterError


def stft(write: Writer, call: RawCall) -> Value:
    """A convolution of a signal (B, samples[, 1]) with windowed cosines and sines, to (B, frames, bins, 2)."""
    x, step, window = call[0], call[1].whole("frame step"), call.get(2)
    if x.rank == 3 and x.shape[2] != 1:
        raise CannotEnterError("takes a signal of complex numbers")
    length = call.get(3)
    size = length.whole("frame length") if length is not None else (window.tensor.elements if window else 0)
    if x.rank not in (2, 3) or step < 1 or size < 1 or (window is not None and window.shape != (size,)):
        raise CannotEnterError(f"cuts {x.shape} into frames of {size}, in steps of {step}")
    bins = size // 2 + 1 if call.flag("onesided", 1) else size
    taper = window.elements("window") if window is not None else np.ones(size)
    weight = _waves(write, size, bins) * taper
    row = write.reshape(x, (x.shape[0], 1, x.shape[1]))
    flat = write(
        "Conv", row, write.constant(weight.reshape(2 * bins, 1, size).astype(np.float32), "waves"), group=1,
        kernel_shape=(size,), strides=(step,), dilations=(1,), pads=(0, 0),
    )  # fmt: skip
    apart = write.reshape(flat, (x.shape[0], 2, bins, flat.shape[2]))
    return write.transpose(apart, (0, 3, 2, 1))


def dft(write: Writer, call: RawCall) -> Value:
    """A product with cosines and sines along an axis of x (..., 1), or (..., 2) if it is complex, to (..., 2)."""
    x = call[0]
    axis = _dft_axis(call)
    inverse, one_sided = call.flag("inverse", 0), call.flag("onesided", 0)
    given = call.get(1)
    size = x.shape[axis]
    if given is not None and given.whole("length") != size:
        raise CannotEnterError(f"transforms {size} places as {given.whole('length')}")
    if x.shape[-1] not in (1, 2) or (inverse and one_sided) or not size:
        raise CannotEnterError(f"transforms {x.shape}")
    bins = size // 2 + 1 if one_sided else size
    perm = [place for place in range(x.rank - 1) if place != axis] + [axis, x.rank - 1]
    moved = write.transpose(x, perm)
    flat = write.reshape(moved, (*moved.shape[:-2], size * x.shape[-1]))
    matrix = _matrix(_waves(write, size, bins), bool(inverse), x.shape[-1] == 2)
    product = write("MatMul", flat, write.constant(matrix.astype(np.float32), "waves"))
    back = [0] * x.rank
    for place, was in enumerate(perm):
        back[was] = place
    return write.transpose(write.reshape(product, (*flat.shape[:-1], bins, 2)), back)


def _dft_axis(call: RawCall) -> int:
    x = call[0]
    if x.rank < 2:
        raise CannotEnterError(f"transforms {x.shape}")
    if call.opset >= 20:
        given = call.get(2)
        axis = -2 if given is None else given.whole("axis")
    else:
        axis = call.integer("axis", 1)
    if (axis := call.from_front(axis, x.rank)) == x.rank - 1:
        raise CannotEnterError("transforms along the axis of real and imaginary parts")
    return axis


def _waves(write: Writer, size: int, bins: int) -> Array:
    """(2, bins, size): cos, and minus sin, of 2 pi bin place / size."""
    write.budget.spend(2 * bins * size, 16)
    phases = 2 * np.pi * (np.outer(np.arange(bins), np.arange(size)) % size) / size
    return np.stack([np.cos(phases), -np.sin(phases)])


def _matrix(waves: Array, inverse: bool, complex_input: bool) -> Array:
    """(size * 1 or 2, bins * 2): from the parts of what goes in to the parts of what comes out."""
    cos, sin = waves.transpose(0, 2, 1)  # (size, bins) each; the second is minus the sine
    if inverse:
        cos, sin = cos / len(cos), -sin / len(cos)
    real = np.stack([cos, sin], -1)
    if not complex_input:
        return real.reshape(len(cos), -1)
    imaginary = np.stack([-sin, cos], -1)
    return np.stack([real, imaginary], 1).reshape(2 * len(cos), -1)


RULES: Mapping[str, Rule] = {"STFT": stft, "DFT": dft}
