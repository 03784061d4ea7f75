"""Segments of the piecewise-linear unit: where the knots lie and the minimax line of each segment.

sigmoid and tanh are concave for x >= 0 and point-symmetric, so the best line on [a, b] is known in closed form (the
chord moved half-way to the parallel tangent) and the negative half mirrors the positive one. Beyond the last knot the
unit is constant, so the range belongs to the fit as well: a smaller worst error needs both finer segments and a
constant that starts later.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Constants
from nnasim.numerics.formats import GATE_FRAC
from nnasim.numerics.tables import quantised

DOMAIN = 8.0  # an int16 at 2^-12 ends here
_BISECTIONS = 24  # 8 / 2^24 is far below one step of the input, 0.25 / 2^24 below one of the output


def _value(function: str, x: float) -> float:
    return math.tanh(x) if function == "tanh" else 0.5 * (1.0 + math.tanh(0.5 * x))


def _inverse_slope(function: str, slope: float) -> float:
    """The x >= 0 at which the derivative is ``slope`` (0 if none is that steep)."""
    if function == "tanh":
        return math.atanh(math.sqrt(max(0.0, 1.0 - slope)))
    return 2.0 * math.atanh(math.sqrt(max(0.0, 1.0 - 4.0 * slope)))


def _line(function: str, a: float, b: float) -> tuple[float, float, float]:
    """(slope, value at a, error) of the minimax line on [a, b], 0 <= a < b."""
    fa, fb = _value(function, a), _value(function, b)
    slope = (fb - fa) / (b - a)
    touch = min(max(_inverse_slope(function, slope), a), b)
    error = (_value(function, touch) - (fa + slope * (touch - a))) / 2
    return slope, fa + error, error


def _range(function: str, error: float) -> float:
    """The x from which on the constant 1 is within ``error`` of the function, at most the end of the domain."""
    end = math.atanh(1.0 - error) if function == "tanh" else math.log((1.0 - error) / error)
    return min(DOMAIN, max(end, 2.0**-GATE_FRAC))


def _uniform_knots(function: str, count: int, error: float) -> list[float] | None:
    """``count`` equal segments on [0, range], or None if one of them is worse than ``error``."""
    knots: list[float] = np.linspace(0.0, _range(function, error), count + 1).tolist()
    worst = max(_line(function, a, b)[2] for a, b in pairwise(knots))
    return knots if worst <= error else None


def _fitted_knots(function: str, count: int, error: float) -> list[float] | None:
    """``count`` segments as long as ``error`` allows each to be, or None if they end before the range."""
    limit, knots = _range(function, error), [0.0]
    for _ in range(count):
        start, low, high = knots[-1], knots[-1], limit
        if _line(function, start, limit)[2] <= error:
            # Reached early: what is left is shared evenly, so that there are always ``count`` segments.
            rest: list[float] = np.linspace(start, limit, count - len(knots) + 2)[1:].tolist()
            return knots + rest
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            low, high = (middle, high) if _line(function, start, middle)[2] <= error else (low, middle)
        knots.append(low)
    return None


_KNOTS: dict[str, Callable[[str, int, float], list[float] | None]] = {
    "uniform": _uniform_knots,
    "fitted": _fitted_knots,
}


@cache
def _best_knots(function: str, count: int, fit: str) -> list[float]:
    """Knots of ``count`` segments on the positive half with the smallest worst error, found by bisection on it."""
    low, high = 0.0, 0.25
    best = _KNOTS[fit](function, count, high)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        knots = _KNOTS[fit](function, count, middle)
        low, high, best = (low, middle, knots) if knots is not None else (middle, high, best)
    assert best is not None  # one line is within 1/4 of either function
    return best


def build(function: str, count: int, fit: str) -> dict[str, Constants]:
    """Knots (int16 at 2^-12), slopes (Q1.14) and bases (Q0.15) of ``count`` segments, each int64 of shape (count,).

    Raises NumericsError for an odd ``count``: the negative half mirrors the positive one.
    """
    if count < 2 or count % 2:
        raise NumericsError("numerics", "pwl_segments", count, "must be even, at least 2")
    positive = np.array(_best_knots(function, count // 2, fit))
    steps = np.floor(np.ldexp(positive, GATE_FRAC) + 0.5).astype(np.int64)
    edges = np.concatenate([-steps[:0:-1], steps])
    mirror_sum = 1.0 if function == "sigmoid" else 0.0  # f(-x) = mirror_sum - f(x)
    slopes, bases = [], []
    for a, b in zip(edges[:-1] / 2.0**GATE_FRAC, edges[1:] / 2.0**GATE_FRAC, strict=True):
        slope, start, _ = _line(function, max(a, -b), max(b, -a))
        slopes.append(slope)
        bases.append(start if a >= 0 else mirror_sum - (start + slope * (b - a)))
    return {
        "knots": edges[:-1],
        "slopes": quantised(np.array(slopes), 14, 16),
        "bases": quantised(np.array(bases), 15, 16),
    }
