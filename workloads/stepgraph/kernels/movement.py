"""Kernels that compute nothing: elements are moved, repeated, chosen, or change their type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from workloads.stepgraph.graph import Array
from workloads.stepgraph.kernels.given import Attributes, integer


def elements(values: Array) -> tuple[int, ...]:
    """The elements of a constant of integers."""
    return tuple(int(value) for value in values.reshape(-1))


def concat(attributes: Attributes, *parts: Array) -> Array:
    """The parts one behind the other along ``axis``."""
    return np.concatenate(parts, integer(attributes, "axis"))


def slices(attributes: Attributes, x: Array, starts: Array, ends: Array, axes: Array, steps: Array) -> Array:
    """The part from start to end along each of ``axes``; negative places count from the end, and stay within."""
    cut = [slice(None)] * x.ndim
    for axis, start, end, step in zip(*map(elements, (axes, starts, ends, steps)), strict=True):
        cut[axis] = slice(max(start, -x.shape[axis]), end, step)  # numpy would begin before the first, going back
    return x[tuple(cut)]


def split(attributes: Attributes, x: Array, sizes: Array) -> tuple[Array, ...]:
    """Parts of these sizes along ``axis``."""
    ends = np.cumsum(elements(sizes))[:-1]
    return tuple(np.split(x, ends, integer(attributes, "axis")))


def pad(attributes: Attributes, x: Array, pads: Array, value: Array | None = None) -> Array:
    """Begins, then ends, of every axis: with a constant, or by ``mode`` reflect, edge or wrap; negative ones cut."""
    numbers = elements(pads)
    begins, ends = numbers[: x.ndim], numbers[x.ndim :]
    cut = (slice(max(-begin, 0), size - max(-end, 0)) for begin, end, size in zip(begins, ends, x.shape, strict=True))
    widths = [(max(begin, 0), max(end, 0)) for begin, end in zip(begins, ends, strict=True)]
    mode: Any = attributes["mode"]
    if mode == "constant":
        constant = 0 if value is None else value.reshape(())
        return np.pad(x[tuple(cut)], widths, mode, constant_values=constant)
    return np.pad(x[tuple(cut)], widths, mode)


KERNELS: Mapping[str, Callable[..., Any]] = {
    "Concat": concat,
    "Slice": slices,
    "Split": split,
    "Transpose": lambda attributes, x: np.transpose(x, attributes["perm"]),
    "Reshape": lambda attributes, x, shape: x.reshape(elements(shape)),
    "Expand": lambda attributes, x, shape: np.broadcast_to(x, elements(shape)),
    "Pad": pad,
    "Where": lambda attributes, condition, a, b: np.where(condition, a, b),
    "Cast": lambda attributes, x: x.astype(attributes["to"]),
}
