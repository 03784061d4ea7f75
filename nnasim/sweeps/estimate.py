"""An estimate of a sweep's time, before it is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nnasim.sweeps.evaluate import Evaluator
from nnasim.sweeps.space import Space
from nnasim.sweeps.store import Store

MOST_TRIED = 5


@dataclass(frozen=True)
class Estimate:
    """``points`` to compute, out of ``asked`` before the constraints; ``seconds`` of CPU for one of them.

    ``complaint``: the reason why the first points fail and nothing can be estimated; None if one ran.
    """

    points: int
    asked: int
    seconds: float
    complaint: str | None


def estimate(space: Space, shard: tuple[int, int] = (0, 1)) -> Estimate:
    """The estimate for a shard: measured on the first of its points that is simulated without an error."""
    evaluator, seconds, complaint = Evaluator(space.job), 0.0, None
    for values, _ in zip(space.points(shard), range(MOST_TRIED), strict=False):
        evaluator.outcome("", values)  # compiles; the second time is what a point of a sweep takes
        outcome = evaluator.outcome("", values)
        seconds, complaint = outcome.seconds, outcome.message
        if complaint is None:
            break
    return Estimate(sum(1 for _ in space.points(shard)), space.size, seconds, complaint)


def known_points(space: Space, shard: tuple[int, int], store: Path) -> int:
    """The number of points of the shard that the file ``store`` has already. Raises FileError if it is not a store."""
    with Store(store, write=False) as opened:
        return len(opened.done([space.job.key(values) for values in space.points(shard)]))
