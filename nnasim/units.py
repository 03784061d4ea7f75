"""Conversions between seconds and cycles, all in one place, so that every rounding is the same."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache


def ceil_div(a: int | Fraction, b: int) -> int:
    """The ceiling of ``a / b``, exact, for ``b > 0``."""
    return -(-a // b)


def round_up(a: int, b: int) -> int:
    """The least multiple of ``b`` that is not below ``a``, for ``b > 0``."""
    return ceil_div(a, b) * b


def as_decimal(value: float) -> Fraction:
    """The number as it was written: 0.8 is 4/5, not the double just above it."""
    return Fraction(repr(value))


@lru_cache(maxsize=65536)  # fractions are slow, and a sweep asks for the same arrivals again and again
def seconds_to_cycles(seconds: float, clock_hz: float) -> int:
    """The cycles that cover ``seconds`` [s] at ``clock_hz`` [Hz], rounded up.

    The product is taken exactly and first rounded to a millionth of a cycle: 50e-6 s x 500e6 Hz is 25,000 cycles, not
    25,001 because 50e-6 has no finite binary form.
    """
    exact = Fraction(seconds) * Fraction(clock_hz)
    return math.ceil(round(exact * 1_000_000) / Fraction(1_000_000))


def cycles_to_ms(cycles: float, clock_hz: float) -> float:
    """``cycles`` at ``clock_hz`` [Hz] in milliseconds."""
    return cycles * 1e3 / clock_hz
