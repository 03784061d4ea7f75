"""sigmoid and tanh as tables of integers, and whether integers fit their type."""

from __future__ import annotations

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


def require_fits(values: Constants, bits: int, name: str, field: str) -> None:
    """Raise NumericsError, which names ``name`` and ``field``, unless all of ``values`` fit a signed int``bits``."""
    bad = (values < lowest(bits)) | (values > highest(bits))
    if np.any(bad):
        raise NumericsError(name, field, int(values[bad][0]), f"must fit int{bits}")
