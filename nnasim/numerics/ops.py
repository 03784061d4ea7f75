"""Matrix products, element-wise operators, mean, embedding and argmax, on integers."""

from __future__ import annotations

import math

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Array, Constants, as_type_of, cast, gather, is_floating, library, span, widen
from nnasim.numerics.formats import highest, lowest, saturate
from nnasim.numerics.precision import is_single, narrow, require_exact_type, require_one_each, require_single_holds
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

    Integer input is multiplied in float64, exact below 2^53, since integer matmul has no BLAS and is 50 times slower; a
    caller that keeps ``weight`` as float64 saves its conversion. Floating input is multiplied in its own type, which
    the caller has chosen by ``bounds``. ``overflow``: an accumulator beyond ``accumulator_bits`` raises NumericsError
    ("error"), wraps ("wrap"), or saturates after every product in the order of K ("saturate").
    Also raises NumericsError for a bias of another shape, NaN and infinity, half types, autocast, TF32, and a float32
    sum beyond 2^24.
    """
    require_one_each(bias, len(weight), name)
    return product(x, weight.T, bias, accumulator_bits=accumulator_bits, overflow=overflow, name=name)


def bmm(
    a: Array,
    b: Array,
    *,
    transpose_b: bool = False,
    accumulator_bits: int = 32,
    overflow: str = "error",
    name: str = "bmm",
) -> Array:
    """``a`` (..., M, K) times ``b`` (..., K, N), of which neither is a weight: accumulators (..., M, N), exact.

    ``transpose_b``: b is (..., N, K). Types, overflow and errors are those of ``matmul``.
    """
    turned = b.swapaxes(-1, -2) if transpose_b else b
    return product(a, turned, accumulator_bits=accumulator_bits, overflow=overflow, name=name)


def product(a: Array, b: Array, bias: Array | None = None, *, accumulator_bits: int, overflow: str, name: str) -> Array:
    """``a`` (..., M, K) times ``b`` (..., K, N), plus ``bias`` of a shape that broadcasts; ``a`` may be (K,)."""
    floating = is_floating(a)
    if not floating:
        a, b = cast(a, "float64"), cast(b, "float64")
    require_exact_type(a, name)
    acc = a @ b
    if bias is not None:
        acc = acc + as_type_of(bias, acc)
    _require_exact_sum(acc, bias, name)
    acc = _ACCUMULATE[overflow](a, b, bias, acc, accumulator_bits, name)
    return acc if floating else cast(acc, "int64")


def _require_exact_sum(acc: Array, bias: Array | None, name: str) -> None:
    """Raise NumericsError unless a sum is finite, and in float32 below 2^24, bias included."""
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
    """Raise NumericsError if an accumulator has left its ``bits``."""
    low, high = span(acc)
    if not (lowest(bits) <= low and high <= highest(bits)):
        worst = high if not high <= highest(bits) else low
        raise NumericsError(name, "accumulator", worst, f"overflows the chip's {bits} bits")


def _error(a: Array, b: Array, bias: Array | None, acc: Array, bits: int, name: str) -> Array:
    check_accumulator(acc, bits, name)
    return acc


def _wrap(a: Array, b: Array, bias: Array | None, acc: Array, bits: int, name: str) -> Array:
    """Two's complement. Whole turns are subtracted, so that a sum that fits stays itself in float32 as well."""
    turns = library(acc).floor((acc - lowest(bits)) / 2.0**bits)
    return acc - turns * 2.0**bits


def _saturate(a: Array, b: Array, bias: Array | None, acc: Array, bits: int, name: str) -> Array:
    """The accumulator saturated after every product. If no sum of K products can leave the range, that is the plain
    sum.
    """
    k = b.shape[-2]
    reach = float(k)
    for operand in (a, b):
        low, high = span(operand)
        reach *= max(high, -low)
    if bias is not None:
        low, high = span(bias)
        reach += max(high, -low)
    if reach <= highest(bits):
        return acc
    total = acc * 0 if bias is None else acc * 0 + as_type_of(bias, acc)
    for index in range(k):
        row = b[index] if b.ndim == 2 else b[..., index : index + 1, :]  # ``a`` may be a vector where ``b`` is a matrix
        total = saturate(total + a[..., index : index + 1] * row, bits)
    return total


_ACCUMULATE = {"error": _error, "wrap": _wrap, "saturate": _saturate}


def mul(a: Array, b: Array, scale: Rescale, bits: int, name: str = "mul") -> Array:
    """Element-wise product (at most int32), requantised to ``bits``, in the type of ``a``.

    Two int16 reach 2^30, beyond float32: operands are widened first. Raises NumericsError as ``requantise`` does.
    """
    return narrow(requantise(widen(a) * widen(b), scale, bits, name=name), a, bits, name)


def add(
    a: Array,
    b: Array,
    scale_a: Rescale,
    scale_b: Rescale,
    scale_out: Rescale,
    bits: int,
    *,
    subtract: bool = False,
    name: str = "add",
) -> Array:
    """``a + b``, or ``a - b`` if ``subtract``, in ``bits``: summed in a common int32 domain, then requantised once.

    The sum saturates to int32, so that a 31-bit ``scale_out`` stays within int64. The result is in the type of ``a``.
    Raises NumericsError as ``requantise`` does.
    """
    left, right = saturate(rescale(a, scale_a, name), 32), saturate(rescale(b, scale_b, name), 32)
    total = saturate(left - right if subtract else left + right, 32)
    return narrow(requantise(total, scale_out, bits, name=name), a, bits, name)


def mean(x: Array, axes: tuple[int, ...], scale: Rescale, bits: int, name: str = "mean") -> Array:
    """The mean over ``axes``, without them: the exact sum, requantised once to ``bits``; ``scale`` holds 1 / n.

    Raises NumericsError for a sum that ``requantise`` does not take: beyond int48, or int32 with 31-bit multipliers.
    """
    return narrow(requantise(widen(x).sum(axes), scale, bits, name=name), x, bits, name)


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


def argmax(logits: Array, axis: int = -1) -> Array:
    """Index of the largest value along ``axis``; the first of equals."""
    return library(logits).argmax(logits, axis)
