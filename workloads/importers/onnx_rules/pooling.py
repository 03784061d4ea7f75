"""ONNX's pooling: a mean is a convolution with equal weights, a maximum that of shifted copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import product
from math import prod

import numpy as np

from nnasim import limits
from workloads.importers.onnx_rules.products import paddings
from workloads.stepgraph.concrete.call import RawCall, Rule
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.graph import Array, Attribute
from workloads.stepgraph.kernels.table import apply
from workloads.stepgraph.refusals import CannotEnterError

MOST_PLACES = limits.POOLED_PLACES
"""The most elements of a window that is written out."""


class _Window:
    """The places of the windows of a pooling node."""

    def __init__(self, call: RawCall) -> None:
        x, kernel = call[0], call.integers("kernel_shape")
        ones = (1,) * len(kernel)
        self.kernel, self.size = kernel, x.shape[2:]
        self.strides, self.dilations = call.integers("strides", ones), call.integers("dilations", ones)
        if not kernel or {len(self.size), len(self.strides), len(self.dilations)} != {len(kernel)}:
            raise CannotEnterError(f"has a window of {kernel} over {x.shape}")
        if min(*kernel, *self.strides, *self.dilations) < 1 or prod(kernel) > MOST_PLACES:
            allowed = f"at least 1 place a step each, and at most {MOST_PLACES} places, are allowed"
            raise CannotEnterError(
                f"has a window of {kernel} in steps of {self.strides} and {self.dilations}: {allowed}"
            )
        self.spans = [dilation * (width - 1) + 1 for width, dilation in zip(kernel, self.dilations, strict=True)]
        self.pads = paddings(call, self.size, self.spans, self.strides)
        if len(self.pads) != 2 * len(kernel) or min(self.pads) < 0:
            raise CannotEnterError(f"has pads {self.pads} for a window of {kernel}")
        if call.flag("ceil_mode", 0) and any(self._rests()):
            raise CannotEnterError("has a last window that is not full")

    def _rests(self) -> list[int]:
        """The elements after the last full window, along each axis."""
        ends = self.pads[len(self.kernel) :]
        lengths = (size + begin + end for size, begin, end in zip(self.size, self.pads, ends, strict=False))
        return [
            (length - span) % stride for length, span, stride in zip(lengths, self.spans, self.strides, strict=True)
        ]

    @property
    def attributes(self) -> dict[str, Attribute]:
        """The attributes of a convolution with these windows."""
        return {"kernel_shape": self.kernel, "strides": self.strides, "dilations": self.dilations, "pads": self.pads}


def average_pool(write: Writer, call: RawCall) -> Value:
    """A convolution of each channel with equal weights; where padding does not count, scaled up at the borders."""
    x, window = call[0], _Window(call)
    channels, places = x.shape[1], prod(window.kernel)
    weight = np.full((channels, 1, *window.kernel), 1 / places, np.float32)
    pooled = write("Conv", x, write.constant(weight, "weight"), group=channels, **window.attributes)
    if call.flag("count_include_pad", 0) or not any(window.pads):
        return pooled
    return write("Mul", pooled, write.constant(_share(window), "share"))


def _share(window: _Window) -> Array:
    """The number of places of a whole window divided by those that are not padding."""
    ones = np.ones((1, 1, *window.size), np.float32)
    (counts,) = apply("Conv", {"group": 1, **window.attributes}, [ones, np.ones((1, 1, *window.kernel), np.float32)])
    return np.asarray(prod(window.kernel) / counts[0], np.float32)


def max_pool(write: Writer, call: RawCall) -> Value:
    """The largest of as many slices as a window has places."""
    x, window = call[0], _Window(call)
    if any(window.pads):
        x = _padded(write, x, window)
    out = [
        (size - span) // stride + 1
        for size, span, stride in zip(x.shape[2:], window.spans, window.strides, strict=True)
    ]
    if min(out) < 1:
        raise CannotEnterError(f"has a window of {window.kernel} over {x.shape}")
    parts = [_shifted(write, x, place, window, out) for place in product(*map(range, window.kernel))]
    return reduce(lambda a, b: write("Max", a, b), parts)


def _padded(write: Writer, x: Value, window: _Window) -> Value:
    """``x`` padded with a value that does not change a window's largest.

    That is the element at the border, which every window that reaches beyond it has too; or, if windows step over
    elements, the least number of the type.
    """
    begins, ends = window.pads[: len(window.kernel)], window.pads[len(window.kernel) :]
    pads = write.integers((0, 0, *begins, 0, 0, *ends), "pads")
    if set(window.dilations) == {1} and all(map(int.__lt__, window.pads, 2 * window.kernel)):
        return write("Pad", x, pads, mode="edge")
    is_real = np.issubdtype(np.dtype(x.dtype), np.floating)
    lowest = -np.inf if is_real else np.iinfo(x.dtype).min
    return write("Pad", x, pads, write.number(lowest, x, "lowest"), mode="constant")


def _shifted(write: Writer, x: Value, place: Sequence[int], window: _Window, out: Sequence[int]) -> Value:
    """The element at ``place`` of every window."""
    starts = [at * dilation for at, dilation in zip(place, window.dilations, strict=True)]
    ends = [start + stride * (n - 1) + 1 for start, stride, n in zip(starts, window.strides, out, strict=True)]
    columns = {"starts": starts, "ends": ends, "axes": range(2, x.rank), "steps": window.strides}
    return write("Slice", x, *(write.integers(numbers, part) for part, numbers in columns.items()))


RULES: Mapping[str, Rule] = {"AveragePool": average_pool, "MaxPool": max_pool}
