"""Look-up tables of the lut8 and lut16 units, and the checks a stored table must pass."""

from __future__ import annotations

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.config import Activation
from nnasim.numerics.formats import highest, lowest


def real_function(function: str, x: np.ndarray) -> np.ndarray:
    """sigmoid or tanh in float64."""
    return np.tanh(x) if function == "tanh" else 0.5 * (1.0 + np.tanh(0.5 * x))


def quantised(values: np.ndarray, frac: int, bits: int) -> np.ndarray:
    """``values`` at 2^-frac, rounded half up, saturated to ``bits``; int64."""
    return np.clip(np.floor(np.ldexp(values, frac) + 0.5), lowest(bits), highest(bits)).astype(np.int64)


def int8_table(function: str, table_range: float) -> np.ndarray:
    """256 entries, int8 at Q0.7: entry x + 128 is f(x R / 128). int64 of shape (256,)."""
    return quantised(real_function(function, np.arange(-128, 128) * (table_range / 128)), 7, 8)


def int16_table(function: str) -> np.ndarray:
    """513 entries, int16 at Q0.15, knots every 128 steps of an int16 at Q3.12. int64 of shape (513,)."""
    return quantised(real_function(function, np.arange(-256, 257) / 32.0), 15, 16)


_LENGTHS = {Activation.LUT8: 256, Activation.LUT16: 513}


def check(kind: Activation, data: dict[str, np.ndarray], name: str) -> None:
    """Raises NumericsError for a table of the wrong length, entries beyond its type, or a slope beyond int16."""
    if kind not in _LENGTHS:
        return
    table = data.get("table")
    if table is None or np.shape(table) != (_LENGTHS[kind],):
        shape = None if table is None else np.shape(table)
        raise NumericsError(name, "table", shape, f"{kind} needs {_LENGTHS[kind]} entries")
    bits = 8 if kind == Activation.LUT8 else 16
    if table.min() < lowest(bits) or table.max() > highest(bits):
        worst = max(int(table.max()), int(table.min()), key=abs)
        raise NumericsError(name, "table", worst, f"entries of {kind} must fit int{bits}")
    slopes = np.diff(table.astype(np.int64))
    if kind == Activation.LUT16 and (slopes.min() < lowest(16) or slopes.max() > highest(16)):
        raise NumericsError(name, "table slope", int(slopes[np.argmax(abs(slopes))]), "must fit int16")
