"""The number of streams of each model that a chip serves in time: p99 of frame latency within a deadline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nnasim.errors import PlacementError
from nnasim.hardware import NnaConfig
from nnasim.ir.shared import MOST_STREAMS, Limit, Search, SharedResult, Tried
from nnasim.sharing.run import Known, Model, SharingOptions, share
from nnasim.sharing.streams import most_of_each


def find_streams(
    models: Sequence[Model], chip: NnaConfig, options: SharingOptions, most: int = MOST_STREAMS
) -> SharedResult:
    """The run with the most streams of each model, up to ``most``, of which every p99 is within the deadline.

    The number is doubled until it is too large, then found by bisection. If even one stream is too many, the run with
    one is returned. More streams than a run serves are not tried. Raises PlacementError if not even one fits, and
    ValueError without a deadline.
    """
    if options.deadline_ms is None:
        raise ValueError("a search needs a deadline")
    most = max(1, min(most, most_of_each([model.trace for model in models])))
    tries = _Tries(models, chip, options, options.deadline_ms)
    good, bad = 0, most + 1
    while bad - good > 1:
        number = min(max(1, 2 * good), most) if bad > most else (good + bad) // 2
        if tries.in_time(number):
            good = number
        else:
            bad = number
    found = tries.run(max(1, good)) or share(tries.with_streams(1), chip, options)
    return found.model_copy(update={"search": tries.search(good, most)})


@dataclass
class _Tries:
    """Runs by their number of streams; None: that many do not fit."""

    models: Sequence[Model]
    chip: NnaConfig
    options: SharingOptions
    deadline_ms: float
    known: dict[int, SharedResult | None] = field(default_factory=dict)
    common: Known = field(default_factory=Known)

    def with_streams(self, number: int) -> list[Model]:
        """The models, with so many streams each."""
        return [replace(model, streams=number) for model in self.models]

    def run(self, number: int) -> SharedResult | None:
        """The run of so many streams of each model; None if they do not fit."""
        if number not in self.known:
            try:
                self.known[number] = share(self.with_streams(number), self.chip, self.options, self.common)
            except PlacementError:
                self.known[number] = None
        return self.known[number]

    def p99_ms(self, number: int) -> float | None:
        """The worst p99 of any model; None if so many do not fit."""
        result = self.run(number)
        return None if result is None else max(model.frame_latency_ms.p99 for model in result.models)

    def in_time(self, number: int) -> bool:
        """Whether so many streams of each fit, and are in time."""
        worst = self.p99_ms(number)
        return worst is not None and worst <= self.deadline_ms

    def search(self, good: int, most: int) -> Search:
        """The result of a search: ``good`` is the largest number in time."""
        limit: Limit = "deadline"
        if good == most:
            limit = "asked"
        elif self.run(good + 1) is None:
            limit = "sram"
        tried = tuple(Tried(streams=number, p99_ms=self.p99_ms(number)) for number in sorted(self.known))
        return Search(deadline_ms=self.deadline_ms, most=good, limit=limit, tried=tried)
