"""Pools of torch: a mean is a convolution with equal weights, a maximum that of shifted copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import product

import numpy as np

from workloads.importers.torch_calls import AtenCall
from workloads.importers.torch_writer import Writer, each_axis, subject
from workloads.stepgraph.refusals import CannotEnterError


class _Windows:
    """The windows of a pool over the last axes of (B, C, *T), or of (C, *T)."""

    def __init__(self, write: Writer, call: AtenCall) -> None:
        self.kernel = tuple(call["kernel_size"])
        spread = len(self.kernel)
        self.strides = each_axis(call.get("stride") or self.kernel, spread)
        self.padding, self.dilations = (
            each_axis(call.get("padding", 0), spread),
            each_axis(call.get("dilation", 1), spread),
        )
        x = subject(write, call)
        shape = write.tensor(x).shape
        self.batched = len(shape) == spread + 2
        self.x = x if self.batched else write.reshape(x, (1, *shape))
        self.shape = call.shape if self.batched else (1, *call.shape)
        if call.get("ceil_mode") and self._whole(shape[len(shape) - spread :]) != self.shape[2:]:
            raise CannotEnterError("has a last window that is not full", "use ceil_mode=False")

    def _whole(self, sizes: Sequence[int]) -> tuple[int, ...]:
        """The number of whole windows on each axis."""
        axes = zip(sizes, self.kernel, self.strides, self.padding, self.dilations, strict=True)
        return tuple((size + 2 * pad - step * (width - 1) - 1) // stride + 1 for size, width, stride, pad, step in axes)

    def unbatched(self, write: Writer, name: str) -> str:
        """A result in the shape of the call's own."""
        return name if self.batched else write.reshape(name, self.shape[1:])


def mean(write: Writer, call: AtenCall) -> str:
    """A convolution of each channel with equal weights."""
    windows = _Windows(write, call)
    if (any(windows.padding) and not call["count_include_pad"]) or call.get("divisor_override"):
        raise CannotEnterError("divides by other counts at the border", "use count_include_pad=True")
    channels = windows.shape[1]
    weight = np.full((channels, 1, *windows.kernel), 1 / np.prod(windows.kernel), np.float32)
    result = write.add(
        "Conv", [windows.x, write.constant(weight, "weight")], windows.shape, kernel_shape=windows.kernel,
        strides=windows.strides, pads=windows.padding * 2, dilations=windows.dilations, group=channels,
    )  # fmt: skip
    return windows.unbatched(write, result)


def maximum(write: Writer, call: AtenCall) -> str:
    """The largest of as many slices as a window has places."""
    windows = _Windows(write, call)
    x = _padded(write, windows)
    parts = [_shifted(write, x, place, windows) for place in product(*map(range, windows.kernel))]
    largest = reduce(lambda a, b: write.add("Max", [a, b], windows.shape), parts)
    return windows.unbatched(write, largest)


def _padded(write: Writer, windows: _Windows) -> str:
    """x padded with a value that does not change a window's largest.

    That is the element at the border, which every window that reaches beyond it has too; or, if windows step over
    elements, the least number.
    """
    if not any(windows.padding):
        return windows.x
    pads = (0, 0, *windows.padding)
    shape = [size + 2 * pad for size, pad in zip(write.tensor(windows.x).shape, pads, strict=True)]
    operands = [windows.x, write.integers(*pads, *pads)]
    if set(windows.dilations) == {1}:
        return write.add("Pad", operands, shape, mode="edge")
    return write.add("Pad", [*operands, write.operand(-np.inf, "float32")], shape, mode="constant")


def _shifted(write: Writer, x: str, place: Sequence[int], windows: _Windows) -> str:
    """The element at ``place`` of every window."""
    starts = [at * dilation for at, dilation in zip(place, windows.dilations, strict=True)]
    counts = zip(starts, windows.strides, windows.shape[2:], strict=True)
    ends = [start + stride * (count - 1) + 1 for start, stride, count in counts]
    columns = (starts, ends, range(2, len(windows.shape)), windows.strides)
    return write.add("Slice", [x, *(write.integers(*numbers) for numbers in columns)], windows.shape)


def to_one(operator: str) -> Callable[[Writer, AtenCall], str]:
    """The rule of a reduction of whole axes, if the pool leaves one element of each."""

    def rule(write: Writer, call: AtenCall) -> str:
        x = subject(write, call)
        spread = len(call["output_size"])
        if any(size != 1 for size in call["output_size"]):
            raise CannotEnterError("takes windows of different sizes", "use a pool with a kernel")
        rank = len(call.shape)
        return write.add(operator, [x], call.shape, axes=tuple(range(rank - spread, rank)), keepdims=1)

    return rule


POOLS: Mapping[str, Callable[[Writer, AtenCall], str]] = {
    **dict.fromkeys(("aten.avg_pool1d", "aten.avg_pool2d"), mean),
    **dict.fromkeys(("aten.max_pool1d", "aten.max_pool2d"), maximum),
    **dict.fromkeys(("aten.adaptive_avg_pool1d", "aten.adaptive_avg_pool2d"), to_one("ReduceMean")),
    **dict.fromkeys(("aten.adaptive_max_pool1d", "aten.adaptive_max_pool2d"), to_one("ReduceMax")),
}
