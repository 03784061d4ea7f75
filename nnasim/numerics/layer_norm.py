"""Layer norm on integers: mean, variance and inverse square root without a division per element.

With x (n values), S = sum x, gain G and bias B at 2^-12, for each vector:

1. centre   D = n x - S, exact: n times the distance from the mean, so that the mean is never rounded.
2. scale    the whole vector is shifted until its largest |D| has 15 bits, half up: d, an int16. Layer norm does not
            depend on scale, so this block exponent needs no undoing, and x may be integers of any worth.
3. variance V = sum d^2 / n with 14 further fractional bits, half up.
4. 1/sqrt   V = v 4^j with v of 29 or 30 bits; r = isqrt(2^60 // v) has 16 bits, root by root bit.
5. output   y = (d G r + half) >> (23 + j), half towards plus infinity, saturated to int32: the gate domain again.
6. bias     y + B, if there is a bias, saturated to int32.

No epsilon: a constant vector gives zeros. The definition is ours; TOSA has no integer layer norm.
"""

from __future__ import annotations

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Array, Constants, as_type_of, cast, library
from nnasim.numerics.fixed_point import bit_length, integer_sqrt, shift_half_up
from nnasim.numerics.formats import saturate
from nnasim.numerics.precision import require_integers, require_one_each
from nnasim.numerics.tables import quantised

GAIN_FRAC = 12  # gain is int16 at 2^-12: up to 8
LONGEST = 1 << 18  # n x fits 50 bits, n d^2 fits 48 bits
_CENTRED_BITS = 15
_VARIANCE_FRAC = 14


def quantise_gain(gain: Constants) -> Constants:
    """Real gains (n,) -> int64 at 2^-12, half up, saturated to int16."""
    return quantised(np.asarray(gain, np.float64), GAIN_FRAC, 16)


def quantise_norm_bias(bias: Constants) -> Constants:
    """Real biases (n,) -> int64 at 2^-12, half up, saturated to int32."""
    return quantised(np.asarray(bias, np.float64), GAIN_FRAC, 32)


def layer_norm(x: Array, gain: Array, name: str = "layer_norm", *, bias: Array | None = None, axis: int = -1) -> Array:
    """``x`` (..., n) int32, ``gain`` (n,) int16 at 2^-12 -> int32 at 2^-12, in the type of ``x``.

    ``bias``: (n,) int32 at 2^-12. ``axis``: the one that has the n elements.
    Error against the real function, in output steps: at most 1/2 + 2^-14 (|y| + gain max|y / gain|), y without bias.
    Raises NumericsError for a vector longer than 2^18, a gain or a bias of another length, values or a bias beyond
    int32, or a gain beyond int16.
    """
    if axis != -1:
        turned = library(x).moveaxis(x, axis, -1)
        return library(x).moveaxis(layer_norm(turned, gain, name, bias=bias), -1, axis)
    n = x.shape[-1]
    if n > LONGEST or gain.shape != (n,):
        allowed = f"must be (..., n) and (n,), n at most {LONGEST:,}"
        raise NumericsError(name, "shape", (tuple(x.shape), tuple(gain.shape)), allowed)
    require_integers(x, 32, name, "value")
    require_integers(gain, 16, name, "gain")
    d = _centred(cast(x, "int64"), n)
    inverse, exponent = _inverse_root((d * d).sum(-1)[..., None], n)
    out = saturate(shift_half_up(d * cast(gain, "int64") * inverse, exponent), 32)
    require_one_each(bias, n, name)
    if bias is not None:
        require_integers(bias, 32, name, "bias")
        out = saturate(out + cast(bias, "int64"), 32)
    return as_type_of(out, x)


def _centred(x64: Array, n: int) -> Array:
    """Steps 1 and 2: int64 that fit int16."""
    distance = n * x64 - x64.sum(-1)[..., None]
    largest = library(x64).amax(abs(distance), -1)[..., None]
    return saturate(shift_half_up(distance, bit_length(largest) - _CENTRED_BITS), 16)


def _inverse_root(squares: Array, n: int) -> tuple[Array, Array]:
    """Steps 3 and 4: r and the shift of step 5. The variance 0 of a constant vector counts as 1 step."""
    variance = (((squares << _VARIANCE_FRAC) + n // 2) // n).clip(1)
    j = (bit_length(variance) - 29) >> 1  # even shifts only: v has 29 or 30 bits
    v = shift_half_up(variance, 2 * j)
    return integer_sqrt((1 << 60) // v), 23 + j
