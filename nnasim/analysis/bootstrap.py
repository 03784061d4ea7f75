"""The uncertainty of a percentile over a corpus: the percentile bootstrap over utterances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnasim.analysis.change import change_pct
from nnasim.analysis.percentiles import at_shares, percentile

REPLICATIONS = 2_000
SEED = 0
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A figure of a sample with its bootstrap interval."""

    value: float
    low: float
    high: float


def resampled(values: Sequence[float], percent: float | None, picks: NDArray[np.int64]) -> NDArray[np.float64]:
    """The percentile of each resample (None: its mean); ``picks`` holds indices, shape (replications, len(values))."""
    drawn = np.asarray(values, dtype=np.float64)[picks]
    means: NDArray[np.float64] = drawn.mean(axis=1)
    return means if percent is None else at_shares(drawn, percent / 100)


def draws(count: int, replications: int = REPLICATIONS, seed: int = SEED) -> NDArray[np.int64]:
    """The utterances that each resample takes, indices of shape (replications, count), drawn with replacement from
    ``count``.
    """
    return np.random.default_rng(seed).integers(0, count, (replications, count))


def percentile_estimate(values: Sequence[float], percent: float) -> Estimate:
    """A percentile of ``values`` and its 95 % interval over resampled utterances. Raises ValueError for no values."""
    value = percentile(values, percent)
    return Estimate(value, *interval(resampled(values, percent, draws(len(values)))))


def relative_change(before: Sequence[float], after: Sequence[float], percent: float | None) -> Estimate | None:
    """Change of a percentile (None: of the mean) in percent of ``before``; None if that is 0.

    Paired: ``before[i]`` and ``after[i]`` are the same utterance, so each resample takes both of the same utterances.
    """
    picks = draws(len(before))
    (old,), (new,) = (resampled(values, percent, np.arange(len(before))[None]) for values in (before, after))
    olds, news = resampled(before, percent, picks), resampled(after, percent, picks)
    if old <= 0 or not (olds > 0).all():
        return None
    return Estimate(change_pct(float(old), float(new)), *interval(change_pct(olds, news)))


def interval(spread: NDArray[np.float64], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The ends of the interval that holds the middle ``confidence`` (a fraction) of the resampled values."""
    tail = (1 - confidence) / 2
    low, high = at_shares(spread, (tail, 1 - tail))
    return float(low), float(high)
