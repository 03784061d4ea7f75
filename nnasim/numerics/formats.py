"""Integer types of the chip and the one way values leave a wider type: saturation."""

from __future__ import annotations

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
    return x.clip(lowest(bits), highest(bits))
