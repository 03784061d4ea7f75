"""Segments of the piecewise-linear unit: where the knots lie and the minimax line of each segment.

sigmoid and tanh are concave for x >= 0 and point-symmetric, so the best line on [a, b] is known in closed form (the
chord moved half-way to the parallel tangent) and the negative half mirrors the positive one.
"""

from __future__ import annotations

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Constants
from nnasim.numerics.formats import GATE_FRAC
from nnasim.numerics.tables import quantised, real_function

UNIFORM_RANGE = {
    "sigmoid": 8.0,
    "tanh": 4.0,
}  # beyond it the function is constant to within the unit's own error


def _inverse_slope(function: str, slope: float) -> float:
    """The x >= 0 at which the derivative is ``slope`` (0 if none is that steep)."""
    if function == "tanh":
        return float(np.arctanh(np.sqrt(max(0.0, 1.0 - slope))))
    root = np.sqrt(max(0.0, 1.0 - 4.0 * slope))
    return float(2.0 * np.arctanh(root))


def _line(function: str, a: float, b: float) -> tuple[float, float, float]:
    """(slope, value at a, error) of the minimax line on [a, b], 0 <= a < b."""
    fa, fb = (float(real_function(function, np.array(x))) for x in (a, b))
    slope = (fb - fa) / (b - a)
    touch = min(max(_inverse_slope(function, slope), a), b)
    error = (float(real_function(function, np.array(touch))) - (fa + slope * (touch - a))) / 2
    return slope, fa + error, error


def _fitted_knots(function: str, count: int, limit: float) -> list[float]:
    """``count`` segments of equal error on [0, limit], found by bisection on that error."""

    def knots_for(error: float) -> list[float]:
        knots = [0.0]
        while knots[-1] < limit and len(knots) <= count:
            low, high = knots[-1], limit
            if _line(function, knots[-1], limit)[2] > error:
                for _ in range(40):
                    middle = (low + high) / 2
                    low, high = (middle, high) if _line(function, knots[-1], middle)[2] <= error else (low, middle)
                high = low
            knots.append(max(high, knots[-1] + 2.0**-GATE_FRAC))
        return knots

    low, high = 0.0, 0.5
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if knots_for(middle)[-1] >= limit else (middle, high)
    return knots_for(high)


def build(function: str, count: int, fit: str) -> dict[str, Constants]:
    """Knots (int16 at 2^-12), slopes (Q1.14) and bases (Q0.15) of ``count`` segments, each int64 of shape (count,).

    Raises NumericsError for an odd ``count``: the negative half mirrors the positive one.
    """
    if count < 2 or count % 2:
        raise NumericsError("numerics", "pwl_segments", count, "must be even, at least 2")
    half = count // 2
    limit = UNIFORM_RANGE[function]
    positive = list(np.linspace(0.0, limit, half + 1)) if fit == "uniform" else _fitted_knots(function, half, limit)
    steps = np.floor(np.ldexp(np.array(positive), GATE_FRAC) + 0.5).astype(np.int64)
    edges = np.concatenate([-steps[:0:-1], steps])
    one = 1.0 if function == "sigmoid" else 0.0  # f(-x) = one - f(x)
    knots, slopes, bases = [], [], []
    for a, b in zip(edges[:-1] / 2.0**GATE_FRAC, edges[1:] / 2.0**GATE_FRAC, strict=True):
        slope, start, _ = _line(function, max(a, -b), max(b, -a))
        knots.append(int(a * 2**GATE_FRAC))
        slopes.append(slope)
        bases.append(start if a >= 0 else one - (start + slope * (b - a)))
    return {
        "knots": np.array(knots, np.int64),
        "slopes": quantised(np.array(slopes), 14, 16),
        "bases": quantised(np.array(bases), 15, 16),
    }
