"""Look-up tables of the lut8 and lut16 units, and the checks that stored constants of any unit must pass."""

from __future__ import annotations

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Constants
from nnasim.numerics.config import Activation
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


_LENGTHS = {Activation.LUT8: 256, Activation.LUT16: 513}


def check(kind: Activation, data: dict[str, Constants], name: str) -> None:
    """Raises NumericsError for constants the unit cannot hold.

    A table of the wrong length, entries beyond its type, a slope beyond int16; pwl segments that do not ascend.
    """
    if kind in _LENGTHS:
        _check_table(kind, data, name)
    elif kind == Activation.PWL:
        _check_segments(data, name)


def _check_table(kind: Activation, data: dict[str, Constants], name: str) -> None:
    table = _constant(data, "table", name, (_LENGTHS[kind],), f"{kind} needs {_LENGTHS[kind]} entries")
    _require_type(table, 8 if kind == Activation.LUT8 else 16, name, "table")
    if kind == Activation.LUT16:
        _require_type(np.diff(table), 16, name, "table slope")


def _check_segments(data: dict[str, Constants], name: str) -> None:
    count = np.size(data.get("knots", ()))
    for field in ("knots", "slopes", "bases"):
        values = _constant(data, field, name, (count,), "pwl needs one knot, slope and base per segment, at least 2")
        _require_type(values, 16, name, field)
    knots = np.asarray(data["knots"], np.int64)
    if count < 2 or np.any(np.diff(knots) <= 0) or knots[0] >= 0:
        raise NumericsError(name, "knots", knots.tolist(), "must ascend from a negative first knot, at least 2")


def _constant(data: dict[str, Constants], field: str, name: str, shape: tuple[int, ...], allowed: str) -> Constants:
    values = np.asarray(data.get(field, ()))
    if values.shape != shape:
        raise NumericsError(name, field, values.shape, allowed)
    if values.dtype.kind not in "iu":
        raise NumericsError(name, field, values.dtype.name, "must hold integers")
    return values.astype(np.int64)


def _require_type(values: Constants, bits: int, name: str, field: str) -> None:
    bad = (values < lowest(bits)) | (values > highest(bits))
    if np.any(bad):
        raise NumericsError(name, field, int(values[bad][0]), f"must fit int{bits}")
