"""Elements chosen by places that are values themselves, negative ones counted from the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from workloads.stepgraph.graph import Array
from workloads.stepgraph.kernels.given import Attributes, integer

_AT: Mapping[Any, np.ufunc] = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


def gather(attributes: Attributes, x: Array, places: Array) -> Array:
    """Whole slices of ``x`` along ``axis``. Raises IndexError for a place beyond it."""
    return np.take(x, places, integer(attributes, "axis"))


def gather_elements(attributes: Attributes, x: Array, places: Array) -> Array:
    """One element along ``axis`` for each place; other axes may be shorter in ``places`` than in ``x``."""
    axis = integer(attributes, "axis")
    within = (slice(None if along == axis else size) for along, size in enumerate(places.shape))
    return np.take_along_axis(x[tuple(within)], _from_front(places, x.shape[axis]), axis)


def scatter_elements(attributes: Attributes, x: Array, places: Array, updates: Array) -> Array:
    """``x`` with ``updates`` put, or by ``reduction`` added, multiplied ..., at these places along ``axis``."""
    axis, changed = integer(attributes, "axis"), x.copy()
    where: list[Array] = list(np.indices(places.shape, sparse=True))
    where[axis] = _from_front(places, x.shape[axis])
    if attributes["reduction"] == "none":
        changed[tuple(where)] = updates
    else:
        _AT[attributes["reduction"]].at(changed, tuple(where), updates)
    return changed


def top_k(attributes: Attributes, x: Array, k: Array) -> tuple[Array, Array]:
    """The k largest (or smallest) along ``axis`` in their order, and where they are; of equals the first."""
    axis, count = integer(attributes, "axis"), int(k.reshape(()))
    if attributes["largest"]:
        last = x.shape[axis] - 1
        order = last - np.flip(np.argsort(np.flip(x, axis), axis, kind="stable"), axis)
    else:
        order = np.argsort(x, axis, kind="stable")
    places = np.take(order, range(count), axis)
    return np.take_along_axis(x, places, axis), places


def _from_front(places: Array, size: int) -> Array:
    if places.size and not (-size <= places.min() and places.max() < size):
        raise IndexError(f"a place beyond the {size} of the axis")
    return np.where(places < 0, places + size, places)


KERNELS: Mapping[str, Callable[..., Any]] = {
    "Gather": gather,
    "GatherElements": gather_elements,
    "ScatterElements": scatter_elements,
    "TopK": top_k,
}
