"""Percentiles, by linear interpolation between the ranks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

PERCENTILES = (50, 90, 99)


def at_shares(values: ArrayLike, shares: float | Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """The values below which each share (0 to 1) of the last axis of ``values`` lies; shape (shares, ...).

    Raises ValueError for no values.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not numbers.size:
        raise ValueError("no values")
    quantiles: NDArray[np.float64] = np.quantile(numbers, shares, axis=-1)
    return quantiles


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which ``percent`` % of ``values`` lie. Raises ValueError for no values."""
    return float(at_shares(values, percent / 100))


def percentiles(values: ArrayLike) -> dict[str, float]:
    """{"p50": ..., "p90": ..., "p99": ...}. Raises ValueError for no values."""
    quantiles = at_shares(values, [percent / 100 for percent in PERCENTILES])
    return {f"p{percent}": float(value) for percent, value in zip(PERCENTILES, quantiles, strict=True)}
