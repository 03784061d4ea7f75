"""Softmax on integers: powers of two by table and shift, one division per vector.

With x (n values, each worth s) and the table t of 129 entries, t[i] = 2^(-i / 128) at 2^-14, for each vector:

1. distance  D = 256 (max x - x), saturated to int32: never negative, 0 for the largest.
2. halvings  z = D requantised by s log2(e) 2^6, saturated to int32: how often 1 is halved for e^(x - max), at 2^-14.
3. power     z = k 2^14 + 128 i + f; T = 128 t[i] + (t[i + 1] - t[i]) f, as the 513 entries of a table are
             interpolated; e = 2^9 T 2^-k, half up: an int32 at 2^-30.
4. sum       S = sum e, an int48 of at least 2^30, since the largest element adds 1.
5. inverse   r = 2^61 // S, one exact division per vector; r fits 32 bits.
6. output    p = (e r + half) >> (61 - f), half up, at 2^-f, f = bits - 1, saturated to ``bits``: 1 becomes 1 - 2^-f.

The definition is ours; TOSA has no integer softmax.
"""

from __future__ import annotations

import math

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Array, Constants, as_type_of, cast, gather, library
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.fixed_point import shift_half_up
from nnasim.numerics.formats import saturate
from nnasim.numerics.precision import require_integers
from nnasim.numerics.rescale import Rescale, requantise
from nnasim.numerics.tables import quantised, require_fits

LONGEST = 1 << 16  # the sum of as many ones at 2^-30 fits int48
ENTRIES = 129
_DISTANCE_FRAC = 8
_HALVING_FRAC = 14
_POWER_FRAC = 30
_ENTRY_FRAC = 14
_INVERSE_FRAC = 61


def power_table() -> Constants:
    """2^(-i / 128) at 2^-14 for i = 0 .. 128. int64 of shape (129,), each an int16."""
    return quantised(np.exp2(-np.arange(ENTRIES) / 128), _ENTRY_FRAC, 16)


POWERS = power_table()


def softmax_scale(step: float, config: NumericsConfig, name: str = "softmax") -> Rescale:
    """The scale of step 2 for integers worth ``step`` each.

    Raises NumericsError for a step out of the scale's range, which ends at 88 with 15 bits.
    """
    real = step * math.log2(math.e) * 2.0 ** (_HALVING_FRAC - _DISTANCE_FRAC)
    return Rescale.of(real, config.multiplier_bits, rounding=config.rounding, name=name)


def require_powers(table: Constants, name: str) -> None:
    """Raise NumericsError unless a stored table of powers has 129 positive values that fit int16."""
    if table.shape != (ENTRIES,):
        raise NumericsError(name, "table", table.shape, f"softmax needs {ENTRIES} entries")
    require_fits(table, 16, name, "table")
    if np.any(table <= 0):
        raise NumericsError(name, "table", int(table.min()), "must be positive")


def softmax(
    x: Array, scale: Rescale, bits: int, *, axis: int = -1, table: Constants = POWERS, name: str = "softmax"
) -> Array:
    """``x`` (..., n) integers of at most 32 bits -> probabilities of ``bits`` at 2^-(bits - 1), in the type of ``x``.

    ``scale``: that of ``softmax_scale``; ``axis``: the one that has the n elements.
    Error against the real softmax of the same integers: at most 1/2 + 1.5 2^(bits - 16) output steps,
    where 1 does not saturate. Raises NumericsError for a vector longer than 2^16, and for values beyond int32.
    """
    if axis != -1:
        turned = library(x).moveaxis(x, axis, -1)
        return library(x).moveaxis(softmax(turned, scale, bits, table=table, name=name), -1, axis)
    if x.shape[-1] > LONGEST:
        raise NumericsError(name, "shape", tuple(x.shape), f"must have at most {LONGEST:,} elements in a vector")
    require_integers(x, 32, name, "value")
    powers = _powers(cast(x, "int64"), scale, table, name)
    inverse = (1 << _INVERSE_FRAC) // powers.sum(-1)[..., None]
    shift = _INVERSE_FRAC - (bits - 1)
    return as_type_of(saturate((powers * inverse + (1 << (shift - 1))) >> shift, bits), x)


def _powers(x64: Array, scale: Rescale, table: Constants, name: str) -> Array:
    """Steps 1 to 3: int64 that fit int32."""
    distance = saturate((library(x64).amax(x64, -1)[..., None] - x64) << _DISTANCE_FRAC, 32)
    halvings = requantise(distance, scale, 32, name=name)
    place, fraction = (halvings >> 7) & 127, halvings & 127
    low, high = gather(table, place, x64), gather(table, place + 1, x64)
    power = (low * 128 + (high - low) * fraction) << (_POWER_FRAC - _ENTRY_FRAC - 7)
    return shift_half_up(power, halvings >> _HALVING_FRAC)
