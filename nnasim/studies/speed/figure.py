"""One figure of speed beside the one that it is compared with, and the reading of time and memory."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from typing import Any

Clock = Callable[[Callable[[], object]], float]
"""CPU seconds of one call."""


def figure(
    value: float, unit: str, compared_with: str, theirs: float, *, more_is_better: bool = False
) -> dict[str, Any]:
    """One figure; ``ratio``: how many times better ours is, theirs / ours for a cost."""
    better, worse = (value, theirs) if more_is_better else (theirs, value)
    return {
        "value": round(value, 6),
        "unit": unit,
        "compared_with": f"{compared_with}: {theirs:.4g} {unit}",
        "ratio": round(better / worse, 3) if worse > 0 else None,
    }


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def peak_megabytes() -> float:
    """Largest resident size of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
