"""Two sweeps against each other: which points of one front the other's beat, by how much, and who leads where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnasim.errors import InputError
from nnasim.hardware.field_units import leaves
from nnasim.hardware.section import DESCRIPTIVE
from nnasim.sweeps.frames import StoredSweep
from nnasim.sweeps.listing import shown_axis, shown_name
from nnasim.sweeps.pareto import hypervolume
from nnasim.sweeps.sensitivity import pareto

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Front:
    """The points of one sweep that no other of it beats, under the name that it is shown by."""

    label: str
    stored: StoredSweep
    points: pd.DataFrame


class Beaten(NamedTuple):
    """A point of a front that one of the other front beats; ``less``: the share of each cost that the other spares.

    ``point``, ``by``: rows of the two fronts. Of several that beat it, the one that spares most on average.
    """

    point: int
    by: int
    less: tuple[float, ...]


class Lead(NamedTuple):
    """From ``start`` of the first objective on, which front reaches the lower second one; None: both the same.

    ``most``: the largest share of it that the leader spares within the stretch; None where the other reaches nothing.
    """

    start: float
    leader: int | None
    most: float | None


class Difference(NamedTuple):
    """One thing that the two sweeps do not share, as each says it."""

    what: str
    values: tuple[object, object]


@dataclass(frozen=True)
class FrontComparison:
    """Two fronts by the objectives that both sweeps have. ``beaten``: of the first front's points, of the second's.

    ``volumes``: share of the box between the best and the worst figures of both fronts that each front's points are no
    worse than (hypervolume); None where an objective does not vary, or where there are too many points.
    """

    objectives: tuple[str, ...]
    fronts: tuple[Front, Front]
    beaten: tuple[tuple[Beaten, ...], tuple[Beaten, ...]]
    volumes: tuple[float, float] | None
    differences: tuple[Difference, ...]

    @property
    def labels(self) -> tuple[str, str]:
        """The names of both."""
        first, second = self.fronts
        return first.label, second.label

    @property
    def shared(self) -> int:
        """How many points of the first front stand on the second too, figure by figure."""
        first, second = ({tuple(row) for row in self.costs(n)} for n in (0, 1))
        return len(first & second)

    def costs(self, front: int) -> Any:
        """Figures of a front [points, objectives]."""
        return self.fronts[front].points[list(self.objectives)].to_numpy(dtype=np.float64)


def compare_fronts(first: StoredSweep, second: StoredSweep) -> FrontComparison:
    """The fronts of two sweeps by what both are judged by. Raises InputError where that is nothing."""
    objectives = tuple(name for name in first.objectives if name in second.objectives)
    if not objectives:
        ours, theirs = (", ".join(sweep.objectives) or "no point that ran well" for sweep in (first, second))
        raise InputError(second.store, "objectives", theirs, f"must share one with {first.store}: {ours}")
    labels = _labels(first, second)
    one, other = (
        Front(label, sweep, pareto(sweep, objectives)) for label, sweep in zip(labels, (first, second), strict=True)
    )
    costs = [front.points[list(objectives)].to_numpy(dtype=np.float64) for front in (one, other)]
    return FrontComparison(
        objectives=objectives,
        fronts=(one, other),
        beaten=(tuple(_beaten(costs[0], costs[1])), tuple(_beaten(costs[1], costs[0]))),
        volumes=_volumes(costs[0], costs[1]),
        differences=tuple(_differences(first, second)),
    )


def _labels(first: StoredSweep, second: StoredSweep) -> tuple[str, str]:
    """Names of the sweep files, else of the stores, else the beginnings of digests: the first that tell them apart."""
    named = [shown_name(sweep.record.get("name")) for sweep in (first, second)]
    files = [Path(sweep.store).stem for sweep in (first, second)]
    digests = [sweep.digest[:8] for sweep in (first, second)]
    for one, other in (named, files):
        if one and other and one != other:
            return one, other
    if digests[0] == digests[1]:  # one study in two stores of one name
        digests = ["1", "2"]
    return f"{named[0] or files[0]} {digests[0]}", f"{named[1] or files[1]} {digests[1]}"


def _beaten(costs: Any, others: Any) -> Iterator[Beaten]:
    for place, row in enumerate(costs):
        better = np.flatnonzero((others <= row).all(axis=1) & (others < row).any(axis=1))
        if better.size:
            spared = 1 - np.divide(others[better], row, out=np.ones_like(others[better]), where=row != 0)
            most = int(spared.mean(axis=1).argmax())
            yield Beaten(place, int(better[most]), tuple(float(share) for share in spared[most]))


def _volumes(first: Any, second: Any) -> tuple[float, float] | None:
    """Both fronts in one box, each side of it scaled to 1."""
    both = np.vstack([first, second])
    best, worst = both.min(axis=0), both.max(axis=0)
    if (best == worst).any():
        return None
    scaled = ((costs - best) / (worst - best) for costs in (first, second))
    one, other = (hypervolume(costs, np.ones(both.shape[1])) for costs in scaled)
    return None if one is None or other is None else (one, other)


def leads(comparison: FrontComparison) -> list[Lead]:
    """Who reaches the lower second objective, stretch by stretch of the first; nothing unless there are two."""
    if len(comparison.objectives) != 2:
        return []
    fronts = [comparison.costs(0), comparison.costs(1)]
    steps = [_at(start, fronts) for start in sorted({float(x) for costs in fronts for x in costs[:, 0]})]
    return [_stretch(list(stretch)) for _, stretch in groupby(steps, key=lambda lead: (lead.leader, lead.most is None))]


def _at(start: float, fronts: Sequence[Any]) -> Lead:
    """The lead among points that cost at most ``start`` of the first objective."""
    ours, theirs = (costs[costs[:, 0] <= start, 1].min(initial=np.inf) for costs in fronts)
    if ours == theirs:
        return Lead(start, None, 0.0)
    low, high = sorted((float(ours), float(theirs)))
    return Lead(start, 0 if ours < theirs else 1, None if np.isinf(high) or not high else 1 - low / high)


def _stretch(steps: Sequence[Lead]) -> Lead:
    shares = [step.most for step in steps if step.most is not None]
    return steps[0]._replace(most=max(shares, default=None))


def _differences(first: StoredSweep, second: StoredSweep) -> Iterator[Difference]:
    """What the two sweep files say differently: chip, axes, and how points were drawn and judged."""
    ours, theirs = (dict(_said(sweep)) for sweep in (first, second))
    for what in dict.fromkeys([*ours, *theirs]):
        values = ours.get(what, ""), theirs.get(what, "")
        if values[0] != values[1]:
            yield Difference(what, values)


def _said(sweep: StoredSweep) -> Iterator[tuple[str, object]]:
    spec = sweep.job.spec
    yield "traces", ", ".join(digest[:12] for digest in sweep.record["trace_hashes"])
    yield "objectives", ", ".join(spec.objectives)
    for field, axis in spec.axes.items():
        count = axis.count or len(axis.values or ())
        yield field, f"{shown_axis(axis)} ({f'{count} values' if count else 'an axis'})"
    for field, value in [*leaves(sweep.job.base), *sweep.job.fixed.items()]:
        if field not in spec.axes and field not in DESCRIPTIVE:
            yield field, value
    yield "constraints", "; ".join(spec.constraints)
    yield "sampler", spec.sampler
    yield "points", str(spec.points or "")
    yield "seed", str(spec.seed) if spec.sampler != "grid" else ""
    accuracy = spec.accuracy
    yield "word errors", f"{accuracy.system} of {accuracy.checkpoints} on {accuracy.manifest}" if accuracy else ""
