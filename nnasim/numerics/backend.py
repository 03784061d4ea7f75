"""What numpy and torch do not spell alike. torch is never imported: an array brings its own library."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

Array = Any  # numpy.ndarray or torch.Tensor, integer-valued


def library(x: Array) -> Any:
    """The module that made ``x``: numpy, or torch."""
    return np if isinstance(x, (np.ndarray, np.generic)) else sys.modules["torch"]


def is_floating(x: Array) -> bool:
    """Whether ``x`` holds its integers in a floating type."""
    return x.dtype.kind == "f" if isinstance(x, (np.ndarray, np.generic)) else bool(x.dtype.is_floating_point)


def cast(x: Array, dtype: str) -> Array:
    """``x`` as ``dtype`` ("float64", "int64", ...)."""
    return x.astype(dtype, copy=False) if library(x) is np else x.to(getattr(library(x), dtype))


def constant(values: np.ndarray, like: Array, dtype: str) -> Array:
    """``values`` in the library (and on the device) of ``like``."""
    if library(like) is np:
        return np.asarray(values, dtype=dtype)
    torch = library(like)
    return torch.as_tensor(np.asarray(values), device=like.device).to(getattr(torch, dtype))


def gather(table: np.ndarray, index: Array, like: Array) -> Array:
    """``table[index]`` in the type of ``like``; ``index`` is int64."""
    return cast(constant(table, like, "int64")[index], _name(like))


def _name(x: Array) -> str:
    return x.dtype.name if library(x) is np else str(x.dtype).rpartition(".")[2]


def as_type_of(x: Array, like: Array) -> Array:
    """``x`` in the element type of ``like``."""
    return cast(x, _name(like))
