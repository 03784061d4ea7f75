"""Timing that survives a noisy machine: one process, contenders in turn, medians of ratios; CPU time of one thread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[], None]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Timing:
    """Seconds of one contender, and its cost relative to the yardstick: medians over the rounds."""

    name: str
    seconds: float
    cost: float
    yardstick: str
    yardstick_seconds: float

    def figure(self) -> dict[str, float | str]:
        """The figure as `nnasim bench` writes it; ``ratio`` is the cost of the other divided by ours."""
        return {
            "value": round(self.seconds, 6),
            "unit": "s",
            "compared_with": f"{self.yardstick}: {self.yardstick_seconds:.6g} s",
            "ratio": round(1 / self.cost, 3),
        }


def interleave(contenders: dict[str, Work], rounds: int, clock: Clock | None = None) -> list[Timing]:
    """Run every contender once per round after one round that is not counted; the first one is the yardstick.

    A ratio is taken within a round, where both saw the same machine, and only then the median. For several
    threads give a ``clock`` of wall time: CPU time, the default, adds up all of them, even while they wait.
    """
    clock = clock or time.process_time
    for work in contenders.values():
        work()
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            start = clock()
            work()
            taken[name].append(clock() - start)
    yardstick = next(iter(contenders))
    return [_timing(name, taken[name], yardstick, taken[yardstick]) for name in contenders if name != yardstick]


def _timing(name: str, taken: list[float], yardstick: str, beside: list[float]) -> Timing:
    cost = statistics.median(own / other for own, other in zip(taken, beside, strict=True))
    return Timing(
        name=name,
        seconds=statistics.median(taken),
        cost=cost,
        yardstick=yardstick,
        yardstick_seconds=statistics.median(beside),
    )
