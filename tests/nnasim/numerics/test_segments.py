"""Piecewise-linear segments: how many, where, how good."""

from __future__ import annotations

import numpy as np
import pytest

from nnasim.errors import NumericsError
from nnasim.numerics import segments
from nnasim.numerics.tables import real_function


def evaluate(data: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """The segments in float64, without the unit's rounding."""
    inside = np.clip(x, data["knots"][0], -data["knots"][0] - 1)
    index = (inside[:, None] >= data["knots"]).sum(1) - 1
    return data["bases"][index] / 2**15 + data["slopes"][index] / 2**14 * (inside - data["knots"][index]) / 2**12


@pytest.mark.parametrize("fit", ["uniform", "fitted"])
@pytest.mark.parametrize("count", [2, 4, 6, 8, 16, 32, 64, 256])
@pytest.mark.parametrize("function", ["sigmoid", "tanh"])
def test_there_are_as_many_as_asked_for_ascending_and_mirrored(function: str, count: int, fit: str) -> None:
    data = segments.build(function, count, fit)
    assert all(data[key].shape == (count,) for key in ("knots", "slopes", "bases"))
    assert np.all(np.diff(data["knots"]) > 0)
    np.testing.assert_array_equal(data["knots"][1:], -data["knots"][:0:-1])
    np.testing.assert_array_equal(data["slopes"], data["slopes"][::-1])


@pytest.mark.parametrize("function", ["sigmoid", "tanh"])
def test_fitted_is_never_worse_than_uniform_and_more_segments_never_worse_than_fewer(function: str) -> None:
    x = np.arange(-32768, 32768)
    real = real_function(function, x / 4096)
    worst = {
        (fit, count): np.abs(evaluate(segments.build(function, count, fit), x) - real).max()
        for fit in ("uniform", "fitted")
        for count in (4, 8, 16, 32)
    }
    step = 2.0**-14  # what rounding slopes and bases may add
    for count in (4, 8, 16, 32):
        assert worst["fitted", count] <= worst["uniform", count] + step
    for fit in ("uniform", "fitted"):
        assert all(worst[fit, 2 * count] <= worst[fit, count] for count in (4, 8, 16))


@pytest.mark.parametrize("count", [0, 1, 7, 17])
def test_an_odd_count_is_refused_because_the_halves_mirror(count: int) -> None:
    with pytest.raises(NumericsError, match=f"pwl_segments = {count}: must be even"):
        segments.build("tanh", count, "uniform")
