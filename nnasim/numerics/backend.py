"""Operations that numpy and torch spell differently. torch is never imported: an array brings its own library."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = Any  # numpy.ndarray or torch.Tensor, integer-valued
Constants = NDArray[Any]  # numpy alone: scales, tables and other parts of a model that no gradient reaches


def library(x: Array) -> Any:
    """The module that made ``x``: numpy, or torch."""
    return np if isinstance(x, (np.ndarray, np.generic)) else sys.modules["torch"]


def is_floating(x: Array) -> bool:
    """Whether ``x`` holds its integers in a floating type."""
    return x.dtype.kind == "f" if isinstance(x, (np.ndarray, np.generic)) else bool(x.dtype.is_floating_point)


def type_name(x: Array) -> str:
    """Element type of ``x`` as both libraries spell it: "float32", "int64", ..."""
    return _spelling(x.dtype)


@cache  # numpy builds a type's name anew each time, in 5 us
def _spelling(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def cast(x: Array, dtype: str) -> Array:
    """``x`` as ``dtype`` ("float64", "int64", ...)."""
    return x.astype(dtype, copy=False) if library(x) is np else x.to(getattr(library(x), dtype))


def widen(x: Array) -> Array:
    """``x`` in float64 or int64, the types in which every intermediate value here is exact."""
    return cast(x, "float64" if is_floating(x) else "int64")


def as_type_of(x: Array, like: Array) -> Array:
    """``x`` in the element type of ``like``."""
    return x.astype(like.dtype, copy=False) if library(x) is np else x.to(like.dtype)


def constant(values: Constants, like: Array, dtype: str) -> Array:
    """``values`` in the library (and on the device) of ``like``."""
    if library(like) is np:
        return np.asarray(values, dtype=dtype)
    torch = library(like)
    return torch.as_tensor(np.asarray(values), device=like.device).to(getattr(torch, dtype))


def gather(table: Constants, index: Array, like: Array) -> Array:
    """``table[index]`` in the type of ``like``; ``index`` is int64."""
    return as_type_of(constant(table, like, "int64")[index], like)


def span(x: Array) -> tuple[float, float]:
    """Smallest and largest value of ``x`` as Python numbers; (0, 0) if it is empty, NaN if it holds one."""
    if 0 in x.shape:
        return 0, 0
    low, high = (x.min(), x.max()) if library(x) is np else library(x).aminmax(x)
    return low.item(), high.item()


def zeros(shape: tuple[int, ...], like: Array) -> Array:
    """Zeros in the library and the element type of ``like``."""
    return constant(np.zeros(shape), like, type_name(like))


def windows(x: Array, axis: int, size: int, step: int) -> Array:
    """Views of ``size`` neighbours along ``axis``, each ``step`` behind the one before; the last axis is the window's.

    ``axis`` counts from the front and keeps its place, with as many elements as there are windows.
    """
    if library(x) is not np:
        return x.unfold(axis, size, step)
    every = np.lib.stride_tricks.sliding_window_view(x, size, axis)
    return every[(slice(None),) * axis + (slice(None, None, step),)]
