"""Integers as the bytes that hold them in memory: little-endian two's complement, two 4-bit values a byte."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_TYPES: dict[int, str] = {8: "<i1", 16: "<i2", 32: "<i4"}  # widths that numpy has itself


def pack(values: NDArray[Any], bits: int) -> Bytes:
    """``values`` in 4, 8, 16, 32 or 48 ``bits`` each, uint8 (ceil(n bits / 8),).

    Raises ValueError if one does not fit.
    """
    flat = np.ascontiguousarray(values, dtype=np.int64).ravel()
    if bits in _TYPES:
        narrow = flat.astype(_TYPES[bits])
        if not np.array_equal(narrow, flat):
            raise ValueError(f"a value does not fit {bits} bits")
        return narrow.view(np.uint8)
    if flat.size and not -(1 << (bits - 1)) <= int(flat.min()) <= int(flat.max()) < 1 << (bits - 1):
        raise ValueError(f"a value does not fit {bits} bits")
    if bits == 4:
        nibbles = np.append(flat & 15, 0)[: flat.size + flat.size % 2].astype(np.uint8)
        return (nibbles[::2] | nibbles[1::2] << 4).astype(np.uint8)
    return flat.astype("<i8").view(np.uint8).reshape(-1, 8)[:, : bits // 8].ravel().copy()


def unpack(data: Bytes, bits: int, count: int) -> Integers:
    """The inverse of ``pack`` along the last axis: the first ``count`` values of each row, int64 (..., count)."""
    if bits in _TYPES:
        return data[..., : count * bits // 8].view(_TYPES[bits]).astype(np.int64)
    if bits == 4:
        halves = np.stack((data & 15, data >> 4), axis=-1)
        nibbles = halves.reshape(*data.shape[:-1], -1)[..., :count].astype(np.int64)
        signed: Integers = (nibbles ^ 8) - 8
        return signed
    width = bits // 8
    wide = np.zeros((*data.shape[:-1], count, 8), np.uint8)
    wide[..., :width] = data[..., : count * width].reshape(*data.shape[:-1], count, width)
    shift = 64 - bits  # up and down again extends the sign
    extended: Integers = (wide.view("<i8")[..., 0].astype(np.int64) << shift) >> shift
    return extended
