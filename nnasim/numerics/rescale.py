"""Requantise: multiply an integer by ``mult * 2^-shift`` and round, half towards plus infinity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Array, Constants, cast, constant, is_floating, library, span
from nnasim.numerics.config import Rounding
from nnasim.numerics.formats import saturate
from nnasim.numerics.precision import is_single, narrow

LOWEST_SHIFT, HIGHEST_SHIFT = 2, 62
INPUT_BITS = {15: 48, 31: 32}  # of the values that a multiplier of so many bits takes: product and half fit int64
EXACT_IN_FLOAT = 1 << 37  # times a 15-bit multiplier this is 2^52, which leaves float64 one bit for the added half


@dataclass(frozen=True)
class Rescale:
    """``mult * 2^-shift``, per tensor (shape ()) or per channel (shape (n,), last axis); int64 arrays.

    A scale IS this pair: training multiplies by ``real``, the chip by ``mult`` and ``shift``, and both are one number.
    """

    mult: Constants
    shift: Constants
    bits: int = 15
    rounding: Rounding = Rounding.SINGLE

    @cached_property
    def real(self) -> Constants:
        """The exact value as float64."""
        return np.ldexp(np.asarray(self.mult, np.float64), -np.asarray(self.shift))

    @cached_property
    def exact_in_float(self) -> bool:
        """Whether float64 reproduces it exactly for values below ``EXACT_IN_FLOAT``."""
        return self.bits == 15 and self.rounding == Rounding.SINGLE and bool(np.all(self.shift <= 53))

    @cached_property
    def half(self) -> Constants:
        """The number that is added before the shift, so that it rounds half up."""
        return np.left_shift(1, np.asarray(self.shift) - 1)

    @classmethod
    def of(
        cls, real: float | Constants, bits: int = 15, *, rounding: Rounding = Rounding.SINGLE, name: str = ""
    ) -> Rescale:
        """The nearest ``mult * 2^-shift`` with ``mult`` of ``bits`` bits, which are 15 or 31.

        Raises NumericsError, which names ``name``, for a number that is not finite and positive or is out of range.
        """
        value = np.asarray(real, np.float64)
        if not np.all(np.isfinite(value)) or np.any(value <= 0):
            worst = value[~(np.isfinite(value) & (value > 0))].flat[0]
            raise NumericsError(name or "requantise", "scale", float(worst), "must be finite and positive")
        mantissa, exponent = np.frexp(value)
        mult = np.floor(np.ldexp(mantissa, bits) + 0.5).astype(np.int64)
        full = mult == 1 << bits
        mult, exponent = np.where(full, mult >> 1, mult), exponent + full
        return cls.checked(mult, bits - exponent.astype(np.int64), bits, rounding=rounding, name=name)

    @classmethod
    def checked(
        cls, mult: Constants, shift: Constants, bits: int, *, rounding: Rounding = Rounding.SINGLE, name: str = ""
    ) -> Rescale:
        """A Rescale from its parts, integers. Raises NumericsError for bits, a multiplier or a shift out of range."""
        source = name or "requantise"
        if bits not in INPUT_BITS:
            raise NumericsError(source, "multiplier bits", bits, "must be 15 or 31")
        mult, shift = _integers(mult, source, "mult"), _integers(shift, source, "shift")
        _require_within(mult, 1 << (bits - 1), (1 << bits) - 1, source, "mult")
        _require_within(shift, LOWEST_SHIFT, HIGHEST_SHIFT, source, "shift")
        return cls(mult, shift, bits, rounding)

    def rows(self, order: Constants | int) -> Rescale:
        """This scale with its channels in another ``order``, or of one channel alone."""
        return self if self.mult.ndim == 0 else replace(self, mult=self.mult[order], shift=self.shift[order])

    def along(self, axis: int, axes: int) -> Rescale:
        """This scale for channels that are not the last of an array's ``axes`` axes, but its ``axis``."""
        if self.mult.ndim == 0 or axis == axes - 1:
            return self
        shape = (-1, *(1,) * (axes - 1 - axis))
        return replace(self, mult=self.mult.reshape(shape), shift=self.shift.reshape(shape))


def _integers(values: Constants, source: str, field: str) -> Constants:
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise NumericsError(source, field, array.dtype.name, "must be integers")
    return array.astype(np.int64)


def _require_within(values: Constants, low: int, high: int, source: str, field: str) -> None:
    bad = (values < low) | (values > high)
    if np.any(bad):
        raise NumericsError(source, field, int(values[bad].flat[0]), f"must be {low}..{high}")


def power_of_two(exponent: int, bits: int = 15) -> Rescale:
    """The exact scale ``2^exponent``."""
    return Rescale.of(2.0**exponent, bits)


IDENTITY = power_of_two(0)


def rescale(value: Array, scale: Rescale, name: str = "requantise") -> Array:
    """``value * scale`` rounded to integers, not yet saturated: float64 for floating input, int64 for integers.

    Floating input (integer-valued) takes ``floor(value * real + 0.5)`` in float64 where that is exact: 15-bit
    multipliers, shifts up to 53, |value| < 2^37; every other case goes through int64 and shifts.
    Raises NumericsError for NaN, infinity, and values beyond int48 (15 bits) or int32 (31 bits).
    """
    floating = is_floating(value)
    if floating and scale.exact_in_float and (is_single(value) or _reach(value, scale, name) < EXACT_IN_FLOAT):
        wide = cast(value, "float64") * constant(scale.real, value, "float64") + 0.5
        return library(wide).floor(wide)
    _reach(value, scale, name)
    exact = _shifted(cast(value, "int64"), scale)
    return cast(exact, "float64") if floating else exact


def _reach(value: Array, scale: Rescale, name: str) -> float:
    """Largest magnitude of ``value``. Raises NumericsError if the multiplier does not take it."""
    low, high = span(value)
    limit = 1 << (INPUT_BITS[scale.bits] - 1)
    if not (-limit <= low and high < limit):
        worst = high if not high < limit else low
        allowed = f"must be finite and fit int{INPUT_BITS[scale.bits]} with a {scale.bits}-bit multiplier"
        raise NumericsError(name, "value", worst, allowed)
    return max(high, -low)


def _shifted(value: Array, scale: Rescale) -> Array:
    mult, shift = constant(scale.mult, value, "int64"), constant(scale.shift, value, "int64")
    half = constant(scale.half, value, "int64")
    if scale.rounding == Rounding.DOUBLE:
        # The second rounding of gemmlowp's doubling high multiply: at bit 30, away from zero, only for right shifts.
        extra = constant(np.where(np.asarray(scale.shift) > 31, 1 << 30, 0), value, "int64")
        half = half + extra * (1 - 2 * cast(value < 0, "int64"))
    return (value * mult + half) >> shift


def requantise(value: Array, scale: Rescale, bits: int, zero_point: int = 0, name: str = "requantise") -> Array:
    """``value * scale`` rounded, plus the zero point, saturated to ``bits``, in the type of ``value``: TOSA's RESCALE.

    Raises NumericsError as ``rescale`` does, and if ``value`` is float32 and the result is beyond its exact 2^24.
    ``name``: the layer or operation that an error names.
    """
    rounded = rescale(value, scale, name)
    out = saturate(rounded + zero_point if zero_point else rounded, bits)
    return narrow(out, value, bits, name)
