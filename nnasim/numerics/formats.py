"""Integer types of the chip and the one way values leave a wider type: saturation."""

from __future__ import annotations

import numpy as np

from nnasim.numerics.backend import Array

GATE_FRAC = 12  # the common gate domain: int32, then int16, at 2^-12
H_FRAC = {8: 7, 16: 15}  # h and every layer's activations: int8 at 2^-7, int16 at 2^-15
WEIGHT_LIMIT = {4: 7, 8: 127, 16: 32767}  # symmetric, so that -q exists for every q


def lowest(bits: int) -> int:
    """Smallest value of a signed integer of ``bits``."""
    return -(1 << (bits - 1))


def highest(bits: int) -> int:
    """Largest value of a signed integer of ``bits``."""
    return (1 << (bits - 1)) - 1


def saturate(x: Array, bits: int) -> Array:
    """``x`` limited to a signed integer of ``bits``."""
    low, high = lowest(bits), highest(bits)
    if isinstance(x, np.ndarray) and x.dtype.itemsize == 8:
        # numpy's clip asks first whether its limits fit the type, which takes ten times as long as limiting does.
        return np.minimum(np.maximum(x, low), high)
    return x.clip(low, high)
