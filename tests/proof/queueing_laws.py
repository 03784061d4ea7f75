"""Closed forms of queueing theory: what a queue with one server and fixed service time must do.

Kendall's notation: arrivals / service / servers. D: deterministic, M: Poisson. Source: Kleinrock, Queueing Systems
volume 1 (Wiley 1975), the Pollaczek-Khinchine formula with a service time of no variance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def md1_wait(service: float, rate: float) -> float:
    """Mean wait before service in M/D/1; ``service`` [s], ``rate`` arrivals a second.

    W = u s / (2 (1 - u)) with the utilisation u = rate s. ValueError at u >= 1, where no mean exists.
    """
    load = service * rate
    if not 0 <= load < 1:
        raise ValueError(f"utilisation {load:g}: a mean wait exists below 1")
    return load * service / (2 * (1 - load))


def dd1_wait(service: float, period: float, customer: int) -> float:
    """Wait of arrival number ``customer`` (from 0) in D/D/1: nothing below full load, then it grows by s - T each."""
    return max(0.0, service - period) * customer


def lindley_waits(arrivals: NDArray[np.float64], service: float) -> NDArray[np.float64]:
    """Wait of each arrival with a fixed service time: Lindley's recursion, as a running minimum of a random walk.

    ``arrivals``: ascending times (n,). W(0) = 0, W(n) = max(0, W(n-1) + s - (a(n) - a(n-1))).
    """
    walk = service * np.arange(len(arrivals)) - (arrivals - arrivals[0])
    waits: NDArray[np.float64] = walk - np.minimum.accumulate(np.minimum(walk, walk[0]))
    return waits
