"""The difference of two figures, in percent of the one that the other is compared with."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Numbers = TypeVar("Numbers", float, NDArray[np.float64])


def change_pct(before: Numbers, after: Numbers) -> Numbers:
    """The increase from ``before`` to ``after``, in percent of ``before``, which must be above 0."""
    return 100 * (after / before - 1)


def gain_pct(before: Numbers, after: Numbers) -> Numbers:
    """The decrease from ``before`` to ``after``, in percent of ``before``, which must be above 0."""
    return 0.0 - change_pct(before, after)  # never minus zero
