"""How sure a percentile over a corpus is: the percentile bootstrap over utterances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    found: NDArray[np.float64] = drawn.mean(axis=1) if percent is None else np.percentile(drawn, percent, axis=1)
    return found


def draws(count: int, replications: int = REPLICATIONS, seed: int = SEED) -> NDArray[np.int64]:
    """Which of ``count`` utterances each resample takes, shape (replications, count), with replacement."""
    return np.random.default_rng(seed).integers(0, count, (replications, count))


def percentile_estimate(values: Sequence[float], percent: float) -> Estimate:
    """A percentile of ``values`` and its 95 % interval over resampled utterances. ValueError for no values."""
    if not values:
        raise ValueError("no values")
    spread = resampled(values, percent, draws(len(values)))
    return Estimate(float(np.percentile(values, percent)), *interval(spread))


def relative_change(before: Sequence[float], after: Sequence[float], percent: float | None) -> Estimate | None:
    """Change of a percentile (None: of the mean) in percent of ``before``; None where that is 0.

    Paired: ``before[i]`` and ``after[i]`` are the same utterance, so each resample takes both of the same utterances.
    """
    picks = draws(len(before))
    (old,), (new,) = (resampled(values, percent, np.arange(len(before))[None]) for values in (before, after))
    olds, news = resampled(before, percent, picks), resampled(after, percent, picks)
    if old <= 0 or not (olds > 0).all():
        return None
    return Estimate(float(100 * (new / old - 1)), *interval(100 * (news / olds - 1)))


def interval(spread: NDArray[np.float64]) -> tuple[float, float]:
    """The middle 95 % of the resamples."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(spread, [tail, 1 - tail])
    return float(low), float(high)
