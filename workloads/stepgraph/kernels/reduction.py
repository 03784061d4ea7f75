"""Many elements along axes become one, or a running sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from workloads.stepgraph.graph import Array
from workloads.stepgraph.kernels.given import Attributes, integer, integers


def of(function: Callable[..., Array]) -> Callable[[Attributes, Array], Array]:
    """The kernel of a numpy reduction over the attribute ``axes``, in the type of its operand."""

    def kernel(attributes: Attributes, x: Array) -> Array:
        return np.asarray(
            function(x, axis=integers(attributes, "axes"), keepdims=bool(attributes["keepdims"])), x.dtype
        )

    return kernel


def reduce_sum(attributes: Attributes, x: Array, axes: Array) -> Array:
    """The sum over the axes that an operand names."""
    named = tuple(int(axis) for axis in axes)
    return np.sum(x, axis=named, keepdims=bool(attributes["keepdims"]), dtype=x.dtype)


def arg_max(attributes: Attributes, x: Array) -> Array:
    """The place of the largest, int64: the first of equals, or the last if ``select_last_index`` is 1."""
    axis, keep = integer(attributes, "axis"), bool(attributes["keepdims"])
    if attributes["select_last_index"]:
        return x.shape[axis] - 1 - np.argmax(np.flip(x, axis), axis, keepdims=keep)
    return np.argmax(x, axis, keepdims=keep)


def cum_sum(attributes: Attributes, x: Array, axis: Array) -> Array:
    """The running sum along an axis, from the end if ``reverse``, without the element itself if ``exclusive``."""
    along = int(axis.reshape(()))
    turned = np.flip(x, along) if attributes["reverse"] else x
    sums = np.cumsum(turned, along, dtype=x.dtype)
    if attributes["exclusive"]:
        sums = sums - turned
    return np.flip(sums, along) if attributes["reverse"] else sums


KERNELS: Mapping[str, Callable[..., Any]] = {
    "ReduceMean": of(np.mean),
    "ReduceSum": reduce_sum,
    "ReduceMax": of(np.max),
    "ReduceMin": of(np.min),
    "ArgMax": arg_max,
    "CumSum": cum_sum,
}
