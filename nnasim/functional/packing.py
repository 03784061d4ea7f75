"""Integers as the bytes in which they stand in memory: little-endian two's complement, two 4-bit values a byte."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Bytes = NDArray[np.uint8]


def pack(values: NDArray[Any], bits: int) -> Bytes:
    """``values`` in 4, 8, 16, 32 or 48 ``bits`` each, uint8 (ceil(n bits / 8),). ValueError if one does not fit."""
    flat = np.ascontiguousarray(values, dtype=np.int64).ravel()
    if flat.size and not -(1 << (bits - 1)) <= int(flat.min()) <= int(flat.max()) < 1 << (bits - 1):
        raise ValueError(f"a value does not fit {bits} bits")
    if bits == 4:
        nibbles = np.append(flat & 15, 0)[: flat.size + flat.size % 2].astype(np.uint8)
        return (nibbles[::2] | nibbles[1::2] << 4).astype(np.uint8)
    return flat.astype("<i8").view(np.uint8).reshape(-1, 8)[:, : bits // 8].ravel().copy()


def unpack(data: Bytes, bits: int, count: int) -> Integers:
    """The inverse of ``pack``: the first ``count`` values, int64 (count,)."""
    if bits == 4:
        nibbles = np.stack((data & 15, data >> 4), axis=-1).ravel()[:count].astype(np.int64)
        signed: Integers = (nibbles ^ 8) - 8
        return signed
    width = bits // 8
    wide = np.zeros((count, 8), np.uint8)
    wide[:, :width] = data[: count * width].reshape(count, width)
    shift = 64 - bits  # up and down again extends the sign
    values: Integers = wide.view("<i8").ravel().astype(np.int64)
    extended: Integers = (values << shift) >> shift
    return extended
