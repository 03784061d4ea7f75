"""Matrix product, element-wise operators, embedding and argmax, on integers."""

from __future__ import annotations

import math

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Array, Constants, as_type_of, cast, gather, is_floating, library, span, widen
from nnasim.numerics.formats import highest, lowest, saturate
from nnasim.numerics.precision import is_single, narrow, require_exact_type, require_single_holds
from nnasim.numerics.rescale import Rescale, requantise, rescale


def matmul(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    accumulator_bits: int = 32,
    overflow: str = "error",
    name: str = "matmul",
) -> Array:
    """``x`` (..., K) times ``weight`` (N, K) transposed, plus ``bias`` (N,): accumulators (..., N), exact.

    Integer input is multiplied in float64, exact below 2^53, since integer matmul has no BLAS and is 50 times slower
    (a caller that keeps ``weight`` as float64 saves its conversion); floating input is multiplied as it is: the caller
    has chosen its type by ``bounds``. An accumulator beyond ``accumulator_bits`` is a NumericsError, or wraps, or
    saturates after every product in the order of K, as named.
    Raises NumericsError, too, for NaN and infinity, half types, autocast, TF32, and a float32 sum beyond 2^24.
    """
    floating = is_floating(x)
    if not floating:
        x, weight = cast(x, "float64"), cast(weight, "float64")
    require_exact_type(x, name)
    acc = x @ weight.T
    if bias is not None:
        acc = acc + as_type_of(bias, acc)
    _require_exact_sum(acc, bias, name)
    acc = _ACCUMULATE[overflow](x, weight, bias, acc, accumulator_bits, name)
    return acc if floating else cast(acc, "int64")


def _require_exact_sum(acc: Array, bias: Array | None, name: str) -> None:
    """A sum is finite, and in float32 below 2^24, bias included."""
    low, high = span(acc)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise NumericsError(name, "accumulator", high, "must be finite: an operand holds NaN or infinity")
    if is_single(acc):
        # The sum itself is rounded to 2^24 when it passes by one, hence the strict limit.
        require_single_holds(max(high, -low) + 1, name, "accumulator")
        if bias is not None:
            bias_low, bias_high = span(bias)
            require_single_holds(max(bias_high, -bias_low), name, "bias")


def check_accumulator(acc: Array, bits: int, name: str) -> None:
    """Raises NumericsError where an accumulator has left its ``bits``."""
    low, high = span(acc)
    if not (lowest(bits) <= low and high <= highest(bits)):
        worst = high if not high <= highest(bits) else low
        raise NumericsError(name, "accumulator", worst, f"overflows the chip's {bits} bits")


def _error(x: Array, weight: Array, bias: Array | None, acc: Array, bits: int, name: str) -> Array:
    check_accumulator(acc, bits, name)
    return acc


def _wrap(x: Array, weight: Array, bias: Array | None, acc: Array, bits: int, name: str) -> Array:
    """Two's complement. Whole turns are subtracted, so that a sum that fits stays itself in float32 as well."""
    turns = library(acc).floor((acc - lowest(bits)) / 2.0**bits)
    return acc - turns * 2.0**bits


def _saturate(x: Array, weight: Array, bias: Array | None, acc: Array, bits: int, name: str) -> Array:
    """Saturate after every product. Where no sum of K products can leave the range, that is the plain sum."""
    reach = float(weight.shape[1])
    for low, high in (span(x), span(weight)):
        reach *= max(high, -low)
    if bias is not None:
        low, high = span(bias)
        reach += max(high, -low)
    if reach <= highest(bits):
        return acc
    total = acc * 0 if bias is None else acc * 0 + as_type_of(bias, acc)
    for k in range(weight.shape[1]):
        total = saturate(total + x[..., k : k + 1] * weight[:, k], bits)
    return total


_ACCUMULATE = {"error": _error, "wrap": _wrap, "saturate": _saturate}


def mul(a: Array, b: Array, scale: Rescale, bits: int, name: str = "mul") -> Array:
    """Element-wise product (at most int32), requantised to ``bits``. Result in the type of ``a``.

    Two int16 reach 2^30, beyond float32: operands are widened first.
    """
    return narrow(requantise(widen(a) * widen(b), scale, bits, name=name), a, bits, name)


def add(a: Array, b: Array, scale_a: Rescale, scale_b: Rescale, scale_out: Rescale, bits: int) -> Array:
    """Both operands requantised to a common int32 domain, added, requantised once to ``bits``.

    The sum saturates to int32, so that a 31-bit ``scale_out`` stays within int64. Result in the type of ``a``.
    """
    total = saturate(saturate(rescale(a, scale_a), 32) + saturate(rescale(b, scale_b), 32), 32)
    return narrow(requantise(total, scale_out, bits), a, bits, "add")


def saturating_sum(a: Array, b: Array, bits: int) -> Array:
    """``a + b`` of one domain, saturated once to ``bits`` (at most 24). Result in the type of ``a``.

    float32 stays float32: a sum it cannot hold lies far beyond ``bits``.
    """
    total = a + b if is_floating(a) else widen(a) + widen(b)
    return as_type_of(saturate(total, bits), a)


def embedding(tokens: Array, rows: Constants, like: Array) -> Array:
    """``rows[tokens]``; rows (V, E) integers, tokens int64; result in the type of ``like``. Shape tokens.shape + (E,).

    Raises NumericsError for a token outside 0..V-1.
    """
    low, high = span(tokens)
    if not 0 <= low <= high < len(rows):
        raise NumericsError("embedding", "token", high if low >= 0 else low, f"must be 0..{len(rows) - 1}")
    return gather(rows, tokens, like)


def argmax(logits: Array) -> Array:
    """Index of the largest value along the last axis; the first of equals."""
    return library(logits).argmax(logits, -1)
