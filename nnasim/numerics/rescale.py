"""Requantise: multiply an integer by ``mult * 2^-shift`` and round, half towards plus infinity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Array, as_type_of, cast, constant, is_floating
from nnasim.numerics.formats import saturate

LOWEST_SHIFT, HIGHEST_SHIFT = 2, 62


@dataclass(frozen=True)
class Rescale:
    """``mult * 2^-shift``, per tensor (shape ()) or per channel (shape (n,)); int64 arrays.

    A scale IS this pair: training multiplies by ``real``, the chip by ``mult`` and ``shift``, and both are one number.
    """

    mult: np.ndarray
    shift: np.ndarray
    bits: int = 15
    double_round: bool = False

    @property
    def real(self) -> np.ndarray:
        """The exact value as float64."""
        return np.ldexp(np.asarray(self.mult, np.float64), -np.asarray(self.shift))

    @classmethod
    def of(cls, real: float | np.ndarray, bits: int = 15, *, double_round: bool = False, name: str = "") -> Rescale:
        """The nearest ``mult * 2^-shift`` with ``mult`` of ``bits`` bits. Raises NumericsError beyond its range."""
        value = np.asarray(real, np.float64)
        if not np.all(np.isfinite(value)) or np.any(value <= 0):
            worst = value[~(np.isfinite(value) & (value > 0))].flat[0]
            raise NumericsError(name or "requantise", "scale", float(worst), "must be finite and positive")
        mantissa, exponent = np.frexp(value)
        mult = np.floor(np.ldexp(mantissa, bits) + 0.5).astype(np.int64)
        full = mult == 1 << bits
        mult, exponent = np.where(full, mult >> 1, mult), exponent + full
        return cls.checked(mult, bits - exponent.astype(np.int64), bits, double_round=double_round, name=name)

    @classmethod
    def checked(
        cls, mult: np.ndarray, shift: np.ndarray, bits: int, *, double_round: bool = False, name: str = ""
    ) -> Rescale:
        """A Rescale from its parts. Raises NumericsError for a multiplier or shift the contract forbids."""
        source = name or "requantise"
        if bits not in (15, 31):
            raise NumericsError(source, "multiplier bits", bits, "must be 15 or 31")
        mult, shift = np.asarray(mult, np.int64), np.asarray(shift, np.int64)
        low, high = 1 << (bits - 1), (1 << bits) - 1
        if np.any((mult < low) | (mult > high)):
            raise NumericsError(
                source, "mult", int(mult[(mult < low) | (mult > high)].flat[0]), f"must be {low}..{high}"
            )
        bad = (shift < LOWEST_SHIFT) | (shift > HIGHEST_SHIFT)
        if np.any(bad):
            raise NumericsError(source, "shift", int(shift[bad].flat[0]), f"must be {LOWEST_SHIFT}..{HIGHEST_SHIFT}")
        return cls(mult, shift, bits, double_round)

    def rows(self, order: np.ndarray) -> Rescale:
        """The same scale with its channels in another order."""
        return (
            self if self.mult.ndim == 0 else Rescale(self.mult[order], self.shift[order], self.bits, self.double_round)
        )


def power_of_two(exponent: int, bits: int = 15) -> Rescale:
    """The exact scale ``2^exponent``."""
    return Rescale.of(2.0**exponent, bits)


def rescale(value: Array, scale: Rescale) -> Array:
    """``value * scale`` rounded to integers of unlimited range; same library and element type family as ``value``.

    Floating input (integer-valued, |value| < 2^37) takes ``floor(value * real + 0.5)`` in float64, which is exact for
    15-bit multipliers and shifts up to 53; every other case goes through int64 and shifts.
    """
    floating = is_floating(value)
    if floating and scale.bits == 15 and not scale.double_round and np.all(scale.shift <= 53):
        wide = cast(value, "float64") * constant(scale.real, value, "float64") + 0.5
        return wide.floor() if hasattr(wide, "floor") else np.floor(wide)
    exact = _shifted(cast(value, "int64"), scale)
    return cast(exact, "float64") if floating else exact


def _shifted(value: Array, scale: Rescale) -> Array:
    mult, shift = constant(scale.mult, value, "int64"), constant(scale.shift, value, "int64")
    half = constant(np.left_shift(1, np.asarray(scale.shift) - 1), value, "int64")
    if scale.double_round:
        # The second rounding of gemmlowp's doubling high multiply: at bit 30, away from zero, only for right shifts.
        extra = constant(np.where(np.asarray(scale.shift) > 31, 1 << 30, 0), value, "int64")
        half = half + extra * (1 - 2 * cast(value < 0, "int64"))
    return (value * mult + half) >> shift


def requantise(value: Array, scale: Rescale, bits: int, zero_point: int = 0) -> Array:
    """RESCALE: round ``value * scale``, add the zero point, saturate to ``bits``. Result in the type of ``value``."""
    return as_type_of(saturate(rescale(value, scale) + zero_point, bits), value)
