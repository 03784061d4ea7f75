"""Functions as tables of integers, and whether integers fit their type."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Constants
from nnasim.numerics.formats import highest, lowest


def real_function(function: str, x: Constants) -> Constants:
    """sigmoid or tanh in float64."""
    return np.asarray(np.tanh(x) if function == "tanh" else 0.5 * (1.0 + np.tanh(0.5 * x)))


def quantised(values: Constants, frac: int, bits: int) -> Constants:
    """``values`` at 2^-frac, rounded half up, saturated to ``bits``; int64."""
    steps = np.floor(np.ldexp(values, frac) + 0.5)
    return np.asarray(np.clip(steps, lowest(bits), highest(bits)), np.int64)


def int8_table(function: str, table_range: float) -> Constants:
    """256 entries, int8 at Q0.7: entry x + 128 is f(x R / 128). int64 of shape (256,)."""
    return quantised(real_function(function, np.arange(-128, 128) * (table_range / 128)), 7, 8)


def int16_table(function: str) -> Constants:
    """513 entries, int16 at Q0.15, knots every 128 steps of an int16 at Q3.12. int64 of shape (513,)."""
    return quantised(real_function(function, np.arange(-256, 257) / 32.0), 15, 16)


def table_of(
    function: Callable[[Constants], Constants], bits: int, in_step: float, out_step: float, name: str = "table"
) -> Constants:
    """Any ``function`` (float64 to float64) as 256 entries of 8 ``bits`` or 513 of 16, int64.

    Inputs are integers of ``bits`` worth ``in_step`` each, outputs integers worth ``out_step``, rounded half up and
    saturated. The 513 entries are for every 128th input; the last one lies beyond the largest input.
    Raises NumericsError if the function gives NaN, or rises or falls by more than an int16 from entry to entry.
    """
    x = np.arange(-128, 128) if bits == 8 else np.arange(-256, 257) * 128
    with np.errstate(all="ignore"):  # an infinity saturates
        values = np.asarray(function(x * in_step), np.float64) / out_step
    if np.any(np.isnan(values)):
        allowed = "the function must be a number there"
        raise NumericsError(name, "input", float(x[np.isnan(values)][0] * in_step), allowed)
    entries = quantised(values, 0, bits)
    if bits == 16:
        require_fits(np.diff(entries), 16, name, "table slope")
    return entries


def require_fits(values: Constants, bits: int, name: str, field: str) -> None:
    """Raise NumericsError, which names ``name`` and ``field``, unless all of ``values`` fit a signed int``bits``."""
    bad = (values < lowest(bits)) | (values > highest(bits))
    if np.any(bad):
        raise NumericsError(name, field, int(values[bad][0]), f"must fit int{bits}")
