"""Convolution on integers: the inputs that each kernel position covers become a column, and the columns are multiplied.

One exact product then serves every stride, dilation and number of groups. A library's own convolution is never used:
some compute it by transforms (Winograd, FFT), whose intermediate values no bound of ``bounds`` covers.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from nnasim.numerics.backend import Array, library, windows, zeros
from nnasim.numerics.ops import product
from nnasim.numerics.precision import require_one_each


def conv(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Sequence[int],
    dilation: Sequence[int],
    pads: Sequence[int],
    groups: int = 1,
    accumulator_bits: int = 32,
    overflow: str = "error",
    name: str = "conv",
) -> Array:
    """``x`` (..., C, *T), ``weight`` (N, C / groups, *kernel), ``bias`` (N,) -> accumulators (..., N, *out), exact.

    A correlation, as ONNX's Conv: output t of an axis reads elements t stride - pad + i dilation, i < kernel; ``pads``
    counts the zeros before each axis, then those behind each. An accumulator sums over channels, then kernel, in the
    weight's own order, which matters if ``overflow`` is "saturate". Types and errors are those of ``ops.matmul``.
    """
    kernel = tuple(weight.shape[2:])
    covered, out = columns(x, kernel, stride=stride, dilation=dilation, pads=pads, groups=groups)
    require_one_each(bias, weight.shape[0], name)
    n, k = weight.shape[0] // groups, prod(weight.shape[1:])
    acc = product(
        weight.reshape(groups, n, k),
        covered,
        None if bias is None else bias.reshape(groups, n, 1),
        accumulator_bits=accumulator_bits,
        overflow=overflow,
        name=name,
    )
    return acc.reshape(*acc.shape[:-3], groups * n, *out)


def columns(
    x: Array,
    kernel: Sequence[int],
    *,
    stride: Sequence[int],
    dilation: Sequence[int],
    pads: Sequence[int],
    groups: int = 1,
) -> tuple[Array, tuple[int, ...]]:
    """The elements of ``x`` (..., C, *T) that each output reads, and the outputs' shape *out.

    Elements are (..., groups, C / groups x kernel, outputs) in the type of ``x``.
    """
    axes, first = len(kernel), x.ndim - len(kernel)
    for axis in range(axes):
        x = _padded(x, first + axis, pads[axis], pads[axes + axis])
    for axis in range(axes):
        covered = dilation[axis] * (kernel[axis] - 1) + 1
        x = windows(x, first + axis, covered, stride[axis])[..., :: dilation[axis]]
    *batch, channels = x.shape[:first]
    out = tuple(x.shape[first : first + axes])
    places, taps = range(first, first + axes), range(first + axes, first + 2 * axes)
    x = library(x).moveaxis(x, tuple(taps), tuple(places))
    return x.reshape(*batch, groups, channels // groups * prod(kernel), prod(out)), out


def _padded(x: Array, axis: int, before: int, behind: int) -> Array:
    """``x`` with zeros at both ends of ``axis``."""
    if not before and not behind:
        return x
    ends = [zeros((*x.shape[:axis], size, *x.shape[axis + 1 :]), x) for size in (before, behind)]
    return library(x).concatenate([ends[0], x, ends[1]], axis)
