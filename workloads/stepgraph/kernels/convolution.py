"""Convolution and its transpose over any number of axes, channels first: grouped, strided, dilated, padded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from workloads.stepgraph.graph import Array
from workloads.stepgraph.kernels.given import Attributes, integer, integers


def conv(attributes: Attributes, x: Array, weight: Array, bias: Array | None = None) -> Array:
    """(B, C, *T) with weight (N, C / group, *K) and bias (N,) to (B, N, *out): every window times the weight."""
    group, strides, dilations = (
        integer(attributes, "group"),
        integers(attributes, "strides"),
        integers(attributes, "dilations"),
    )
    windows = _windows(_padded(x, integers(attributes, "pads")), weight.shape[2:], strides, dilations)
    batch, channels, *rest = windows.shape
    out = tuple(rest[: len(strides)])
    # (B, group, positions, what one output sums)
    columns = windows.reshape(batch, group, channels // group, *rest)
    columns = np.moveaxis(columns, 2, 2 + len(out)).reshape(batch, group, prod(out), prod(weight.shape[1:]))
    rows = weight.reshape(group, weight.shape[0] // group, prod(weight.shape[1:]))
    sums = rows @ columns.swapaxes(2, 3)
    return _with_bias(sums.reshape(batch, weight.shape[0], *out), bias)


def conv_transpose(attributes: Attributes, x: Array, weight: Array, bias: Array | None = None) -> Array:
    """(B, C, *T) with weight (C, N / group, *K) and bias (N,) to (B, N, *out): every element spreads the weight."""
    group, strides, dilations = (
        integer(attributes, "group"),
        integers(attributes, "strides"),
        integers(attributes, "dilations"),
    )
    pads, extra = integers(attributes, "pads"), integers(attributes, "output_padding")
    batch, channels, *size = x.shape
    kernel = weight.shape[2:]
    rows = weight.reshape(group, channels // group, weight.shape[1] * prod(kernel))
    spread = rows.swapaxes(1, 2) @ x.reshape(batch, group, channels // group, prod(size))
    parts = spread.reshape(batch, group * weight.shape[1], *kernel, *size)
    full = [
        stride * (length - 1) + dilation * (width - 1) + 1 + more
        for length, width, stride, dilation, more in zip(size, kernel, strides, dilations, extra, strict=True)
    ]
    sums = np.zeros((*parts.shape[:2], *full), x.dtype)
    for place in product(*map(range, kernel)):
        where = (
            slice(start * dilation, start * dilation + stride * (length - 1) + 1, stride)
            for start, dilation, stride, length in zip(place, dilations, strides, size, strict=True)
        )
        sums[(slice(None), slice(None), *where)] += parts[(slice(None), slice(None), *place)]
    begins, ends = pads[: len(kernel)], pads[len(kernel) :]
    cut = (slice(begin, length - end) for begin, end, length in zip(begins, ends, full, strict=True))
    return _with_bias(sums[(slice(None), slice(None), *cut)], bias)


def _windows(x: Array, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> Array:
    """A view (B, C, *out, *K) of x (B, C, *T)."""
    out = [
        (size - dilation * (width - 1) - 1) // stride + 1
        for size, width, stride, dilation in zip(x.shape[2:], kernel, strides, dilations, strict=True)
    ]
    steps = _byte_steps(x, out, strides)
    within = _byte_steps(x, kernel, dilations)
    return as_strided(x, (*x.shape[:2], *out, *kernel), (*x.strides[:2], *steps, *within), writeable=False)


def _byte_steps(x: Array, sizes: Sequence[int], strides: Sequence[int]) -> list[int]:
    """The bytes between neighbours of ``sizes`` places, ``strides`` elements apart; 0 if there is one."""
    axes = zip(x.strides[2:], sizes, strides, strict=True)
    return [step * stride if size > 1 else 0 for step, size, stride in axes]


def _padded(x: Array, pads: Sequence[int]) -> Array:
    if not any(pads):
        return x
    begins, ends = pads[: len(pads) // 2], pads[len(pads) // 2 :]
    sizes = (begin + size + end for begin, size, end in zip(begins, x.shape[2:], ends, strict=True))
    padded = np.zeros((*x.shape[:2], *sizes), x.dtype)
    inner = (slice(begin, begin + size) for begin, size in zip(begins, x.shape[2:], strict=True))
    padded[(slice(None), slice(None), *inner)] = x
    return padded


def _with_bias(sums: Array, bias: Array | None) -> Array:
    return sums if bias is None else sums + bias.reshape(-1, *(1,) * (sums.ndim - 2))
