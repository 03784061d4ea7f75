"""The lines that `nnasim sweep` and its relatives print."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nnasim.allowed import unscaled

if TYPE_CHECKING:
    from nnasim.sweeps.estimate import Estimate
    from nnasim.sweeps.frames import StoredSweep
    from nnasim.sweeps.job import Job
    from nnasim.sweeps.search import Tried

MOST_STUDIES, MOST_POINTS = 20, 20


def estimate_lines(
    estimate: Estimate, workers: int, *, with_words: bool, constrained: bool, part: tuple[int, int]
) -> Iterator[str]:
    """Lines with the number of points and the time that they take ``workers``.

    ``with_words``: word errors are computed too; ``constrained``: constraints drop points; ``part``: the shard i of n.
    """
    fewer = constrained and estimate.points < estimate.asked
    reasons = [*([f"in shard {part[0] + 1}/{part[1]}"] if part[1] > 1 else []),
               *(["the constraints drop the others"] if fewer else [])]  # fmt: skip
    why = f" ({'; '.join(reasons)})" if reasons else ""
    yield f"{estimate.points:,} points of {estimate.asked:,}{why}"
    if estimate.complaint is None:
        whole = clock(estimate.points * estimate.seconds / workers)
        yield f"{estimate.seconds:.3f} s of CPU a point, about {whole} on {workers} workers"
    else:
        yield f"no estimate: the first points fail: {estimate.complaint}"
    if with_words:
        yield "word errors come on top, once for each distinct arithmetic"


def clock(seconds: float) -> str:
    """Seconds as the text h:mm:ss."""
    if text := unscaled(seconds):
        return text
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def front_lines(job: Job, tried: list[Tried], front: list[dict[str, Any]]) -> Iterator[str]:
    """Lines with the first points of a search's Pareto front."""
    yield f"{len(tried)} trials, {len(front)} on the Pareto front of {', '.join(job.spec.objectives)}"
    for point in front[:MOST_POINTS]:
        costs = ", ".join(f"{point['figures'][name]:.6g}" for name in job.spec.objectives)
        yield f"  {costs}: {' '.join(f'{name}={value}' for name, value in point['values'].items())}"


def choice_lines(stored: StoredSweep) -> Iterator[str]:
    """Lines that name the chosen sweep, and the others in the store if it holds several."""
    others = [sweep for sweep in stored.listing if sweep.digest != stored.digest]
    if not others:
        return
    taken = next(sweep for sweep in stored.listing if sweep.digest == stored.digest)
    yield f"{stored.store} holds {len(stored.listing)} studies; taken: {taken.line}"
    for other in others[:MOST_STUDIES]:
        yield f"  --study {other.line}"
    if len(others) > MOST_STUDIES:
        yield f"  and {len(others) - MOST_STUDIES} more"
