"""Closed forms of queueing theory: what a queue with one server and fixed service time must do.

Kendall's notation: arrivals / service / servers. D: deterministic, M: Poisson. Source: Kleinrock, Queueing Systems
volume 1 (Wiley 1975), the Pollaczek-Khinchine formula with a service time of no variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

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


def cobham_waits(services: Sequence[float], rates: Sequence[float]) -> list[float]:
    """Mean wait before service of each class in M/D/1 with priorities that interrupt nobody, the first before all.

    W_k = W_0 / ((1 - u_1 - ... - u_(k-1)) (1 - u_1 - ... - u_k)), W_0 = sum of rate x service^2 / 2: Cobham, Priority
    Assignment in Waiting Line Problems, Operations Research 2 (1954). ValueError at full load or more.
    """
    loads = [service * rate for service, rate in zip(services, rates, strict=True)]
    if not sum(loads) < 1:
        raise ValueError(f"utilisation {sum(loads):g}: a mean wait exists below 1")
    residual = sum(rate * service**2 / 2 for service, rate in zip(services, rates, strict=True))
    return [residual / ((1 - sum(loads[:k])) * (1 - sum(loads[: k + 1]))) for k in range(len(loads))]


def fifo_wait(services: Sequence[float], rates: Sequence[float]) -> float:
    """Mean wait of every class where they are served as they come: Pollaczek-Khinchine."""
    load = sum(service * rate for service, rate in zip(services, rates, strict=True))
    return sum(rate * service**2 / 2 for service, rate in zip(services, rates, strict=True)) / (1 - load)


def priority_waits(arrivals: Sequence[NDArray[np.float64]], services: Sequence[float]) -> list[NDArray[np.float64]]:
    """Wait of each arrival of each class, one after another, by a queue that nothing of the simulator is in."""
    to_come = sorted((time, k, n) for k, times in enumerate(arrivals) for n, time in enumerate(times))
    waits = [np.zeros(len(times)) for times in arrivals]
    waiting: list[tuple[int, float, int]] = []
    now, place = 0.0, 0
    while waiting or place < len(to_come):
        if not waiting:
            now = max(now, to_come[place][0])
        while place < len(to_come) and to_come[place][0] <= now:
            time, k, n = to_come[place]
            heappush(waiting, (k, time, n))
            place += 1
        k, time, n = heappop(waiting)
        waits[k][n] = now - time
        now += services[k]
    return waits
