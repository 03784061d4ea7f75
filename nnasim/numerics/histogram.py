"""Histograms of real values, and the range that integers should span for them.

Three methods: ``max``, ``percentile`` (99.9 % of the values inside), and ``mse``: the range with the smallest
mean-square error of what the integers stand for, weighted by how often each value occurred.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from nnasim.numerics.activation import Function, build_unit, unit_kind
from nnasim.numerics.backend import Constants
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import highest, lowest
from nnasim.numerics.tables import real_function

Method = Literal["mse", "percentile", "max"]
METHODS: tuple[Method, ...] = get_args(Method)
BINS = 2048
# Shares of the reach that the mse method tries: three to an octave near full reach, where the best mostly lies.
SHARES = tuple(sixteenths / 16 for sixteenths in (0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 16))
PERCENTILE = 99.9
# Errors are averaged over several points of a bin. One point would meet the grid of a power-of-two range always at the
# same place, at its ties, and make that range look worse than it is.
POINTS_PER_BIN = 16
LEAST_REACH = 2.0**-30  # what stays below it counts as zero
UNKNOWN_RANGE = 1.0  # of a value that was never anything but zero: any range holds it
LEAST_TABLE_RANGE = 0.25


@dataclass(frozen=True, eq=False)
class Histogram:
    """``counts`` (BINS,) int64 of values over [-``reach``, ``reach``); the outermost bins count what lies beyond."""

    counts: NDArray[np.int64]
    reach: float

    @classmethod
    def of(cls, values: NDArray[np.generic], reach: float | None = None) -> Histogram:
        """Counts of finite real ``values``. ``reach``: by default the least power of two that is above all of them."""
        flat = np.asarray(values, np.float64).reshape(-1)
        reach = _power_above(float(np.abs(flat).max(initial=0.0))) if reach is None else reach
        half = BINS // 2
        index = (np.floor(flat * (half / reach)) + half).clip(0, BINS - 1).astype(np.int64)
        return cls(np.bincount(index, minlength=BINS), reach)

    @property
    def is_zero(self) -> bool:
        """Whether no value was anything but zero."""
        return self.reach <= LEAST_REACH

    @property
    def points(self) -> Constants:
        """Values at which an error is computed, float64 (BINS x POINTS_PER_BIN,), ascending."""
        return _points(self.reach)

    def widened(self, reach: float) -> Histogram:
        """The same counts in the wider bins of ``reach``; exact, since it is this histogram's times a power of two."""
        if reach == self.reach:
            return self
        half = BINS // 2
        factor = min(BINS, round(reach / self.reach))
        index = half + (np.arange(BINS) - half) // factor
        counts = np.bincount(index, weights=self.counts, minlength=BINS).astype(np.int64)
        return replace(self, counts=counts, reach=reach)

    def with_values(self, values: NDArray[np.generic]) -> Histogram:
        """A histogram that counts finite real ``values`` too."""
        reach = max(self.reach, _power_above(float(np.abs(values).max(initial=0.0))))
        return Histogram(self.widened(reach).counts + Histogram.of(values, reach).counts, reach)

    def __add__(self, other: Histogram) -> Histogram:
        """The counts of both, over the wider reach."""
        reach = max(self.reach, other.reach)
        return Histogram(self.widened(reach).counts + other.widened(reach).counts, reach)

    def percentile(self, percent: float) -> float:
        """Smallest magnitude that covers ``percent`` of the counted values."""
        half = BINS // 2
        by_size = self.counts[half:] + self.counts[:half][::-1]
        share = np.cumsum(by_size) / max(1, by_size.sum())
        return float((np.searchsorted(share, percent / 100) + 1) * (self.reach / half))

    def lowest_error(self, error: Callable[[float], Constants]) -> float:
        """The range, a share of the reach, with the lowest mean-square error.

        ``error``: (range, ``points``) -> the values that the range gives them, less the values that they should have.
        """
        ranges = [self.reach * share for share in SHARES]
        costs = [float(np.dot(self.counts, _per_bin(error(limit)))) for limit in ranges]
        return ranges[int(np.argmin(costs))]

    def range(self, method: Method, bits: int) -> float:
        """R of the format [-R, R) in which an integer of ``bits`` should hold the values."""
        if self.is_zero:
            return UNKNOWN_RANGE
        if method != "mse":
            return self._covered(method)
        return self.lowest_error(lambda limit: _rounded(self.points, limit / (1 << (bits - 1)), bits) - self.points)

    def _covered(self, method: Literal["percentile", "max"]) -> float:
        return self.percentile(100.0 if method == "max" else PERCENTILE)

    def table_range(
        self, method: Method, function: Function, numerics: NumericsConfig, in_step: float, in_bits: int
    ) -> float:
        """The input range of a unit for ``function`` whose output is nearest to the real function.

        ``in_step``: worth of one integer of ``in_bits`` at the input. A range that the chip fixes is returned as it is.
        """
        kind = unit_kind(numerics.activation)
        if not kind.is_calibrated:
            return kind.fixed_range
        if numerics.activation_range is not None:
            return numerics.activation_range
        if method != "mse":
            return max(LEAST_TABLE_RANGE, self._covered(method))
        integers = _integers(self.points, in_step, in_bits)

        def error(limit: float) -> Constants:
            unit = build_unit(function, numerics, in_scale=in_step, table_range=limit)
            return np.asarray(unit(integers) * 2.0**-unit.output_frac - real_function(function, self.points))

        return self.lowest_error(error)


def _power_above(size: float) -> float:
    """The least power of two above ``size``."""
    return max(LEAST_REACH, math.ldexp(1.0, math.frexp(size)[1])) if size else LEAST_REACH


@lru_cache(maxsize=64)  # few reaches, and many values that share one
def _points(reach: float) -> Constants:
    points = (np.arange(BINS * POINTS_PER_BIN) + 0.5) * (2 * reach / BINS / POINTS_PER_BIN) - reach
    points.flags.writeable = False
    return points


def _per_bin(error: Constants) -> Constants:
    """Mean square of each bin's points."""
    return np.asarray((error**2).reshape(BINS, POINTS_PER_BIN).mean(1))


def _integers(values: Constants, step: float, bits: int) -> Constants:
    """Integers of ``bits`` that stand for ``values``, rounded half up and saturated; int64."""
    return np.asarray(np.clip(np.floor(values / step + 0.5), lowest(bits), highest(bits)), np.int64)


def _rounded(values: Constants, step: float, bits: int) -> Constants:
    """``values`` rounded to the integers of ``bits``."""
    return np.asarray(_integers(values, step, bits) * step)
