"""Shifts, square root and bit length of whole arrays: the parts of operators that work with block exponents."""

from __future__ import annotations

import numpy as np

from nnasim.numerics.backend import Array, cast, constant, library

_ROOT_BITS = 17


def bit_length(x: Array) -> Array:
    """Number of bits of each x >= 0 (int64, below 2^62): 0 for 0."""
    powers = constant(np.left_shift(1, np.arange(62, dtype=np.int64)), x, "int64")
    return cast(x[..., None] >= powers, "int64").sum(-1)


def integer_sqrt(x: Array) -> Array:
    """floor(sqrt(x)) of each x >= 0 (int64, below 2^34), one bit of the root at a time."""
    root = x * 0
    for bit in reversed(range(_ROOT_BITS)):
        trial = root + (1 << bit)
        root = library(x).where(trial * trial <= x, trial, root)
    return root


def shift_half_up(x: Array, by: Array) -> Array:
    """``x * 2^-by``, half up, for shifts of either sign; ``by`` broadcasts to ``x``, both int64."""
    left, right = (-by).clip(0, 62), by.clip(0, 62)
    ones = right * 0 + 1
    return ((x << left) + ((ones << right) >> 1)) >> right
