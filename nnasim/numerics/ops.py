"""Matrix product, element-wise operators, embedding and argmax, on integers."""

from __future__ import annotations

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Array, as_type_of, cast, gather, is_floating, library
from nnasim.numerics.formats import highest, lowest, saturate
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

    Integer input is multiplied in float64, exact below 2^53, since integer matmul has no BLAS and is 50 times slower;
    floating input is multiplied as it is: the caller has chosen its type by ``bounds``. An accumulator beyond
    ``accumulator_bits`` is a NumericsError, or wraps, or saturates after every product in the order of K, as named.
    """
    if not is_floating(x):
        return cast(
            _accumulate(cast(x, "float64"), cast(weight, "float64"), bias, accumulator_bits, overflow, name),
            "int64",
        )
    return _accumulate(x, weight, bias, accumulator_bits, overflow, name)


def _accumulate(x: Array, weight: Array, bias: Array | None, bits: int, overflow: str, name: str) -> Array:
    acc = x @ weight.T
    if bias is not None:
        acc = acc + as_type_of(bias, acc)
    if overflow == "saturate":
        return _saturating(x, weight, bias, acc, bits)
    if overflow == "wrap":
        return (acc - lowest(bits)) % 2.0**bits + lowest(bits)
    check_accumulator(acc, bits, name)
    return acc


def check_accumulator(acc: Array, bits: int, name: str) -> None:
    """Raises NumericsError where an accumulator has left its ``bits``."""
    if acc.shape and 0 not in acc.shape:
        top, low = float(acc.max()), float(acc.min())
        if top > highest(bits) or low < lowest(bits):
            worst = int(top if top > highest(bits) else low)
            raise NumericsError(name, "accumulator", worst, f"overflows the chip's {bits} bits")


def _saturating(x: Array, weight: Array, bias: Array | None, acc: Array, bits: int) -> Array:
    """Saturate after every product. Where even the sum of magnitudes fits, that is the plain sum."""
    reach = abs(x) @ abs(weight).T
    if bias is not None:
        reach = reach + abs(as_type_of(bias, acc))
    if not reach.shape or float(reach.max()) <= highest(bits):
        return acc
    total = acc * 0 if bias is None else acc * 0 + as_type_of(bias, acc)
    for k in range(weight.shape[1]):
        total = saturate(total + x[..., k : k + 1] * weight[:, k], bits)
    return total


def mul(a: Array, b: Array, scale: Rescale, bits: int) -> Array:
    """Element-wise product (at most int32), requantised to ``bits``.

    Two int16 reach 2^30, beyond float32: floating operands are widened first.
    """
    if is_floating(a):
        return as_type_of(requantise(cast(a, "float64") * cast(b, "float64"), scale, bits), a)
    return requantise(cast(a, "int64") * cast(b, "int64"), scale, bits)


def add(a: Array, b: Array, scale_a: Rescale, scale_b: Rescale, scale_out: Rescale, bits: int) -> Array:
    """Both operands requantised to a common int32 domain, added, requantised once to ``bits``."""
    total = saturate(rescale(a, scale_a), 32) + saturate(rescale(b, scale_b), 32)
    return as_type_of(requantise(total, scale_out, bits), a)


def embedding(tokens: Array, rows: np.ndarray, like: Array) -> Array:
    """``rows[tokens]``; rows (V, E) integers, tokens int64; result in the type of ``like``. Shape tokens.shape + (E,)."""
    return gather(rows, tokens, like)


def argmax(logits: Array) -> Array:
    """Index of the largest value along the last axis; the first of equals."""
    return library(logits).argmax(logits, -1)
