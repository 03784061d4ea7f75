"""Comparison of sweeps: which points of a front another front beats, by how much, and which front leads where."""

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
from nnasim.sweeps.listing import MOST_VALUES, shown_axis, shown_name
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
    """A point of a front that one of another front beats; ``less``: the share of each cost that the other spares.

    ``front``: the place of the other front; ``point``, ``by``: rows of the two. Of several that beat it, the one that
    spares most on average.
    """

    point: int
    front: int
    by: int
    less: tuple[float, ...]


class Lead(NamedTuple):
    """The front that reaches the lowest second objective from ``start`` of the first objective on.

    ``leader``: its place; None if several do. ``most``: the largest saving of the leader within the stretch, as a share
    of what the next front reaches; None if no other front reaches anything.
    """

    start: float
    leader: int | None
    most: float | None


class Varied(NamedTuple):
    """The values that a sweep tries of a field.

    ``text``: as a reader sees them; ``values``: the first of a list, or an interval's ends.
    """

    text: str
    values: tuple[object, ...]
    is_list: bool
    total: int


class Difference(NamedTuple):
    """One thing in which the sweeps differ. ``values``: of each, a text, the value of a field, or a ``Varied``."""

    what: str
    values: tuple[object, ...]


@dataclass(frozen=True)
class FrontComparison:
    """Two or more fronts by the objectives that all sweeps have. ``beaten``: of each front's points.

    ``volumes``: share of the box between the best and the worst figures of all fronts that each front's points are no
    worse than (hypervolume); None if an objective does not vary, or if there are too many points.
    """

    objectives: tuple[str, ...]
    fronts: tuple[Front, ...]
    beaten: tuple[tuple[Beaten, ...], ...]
    volumes: tuple[float, ...] | None
    differences: tuple[Difference, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of all."""
        return tuple(front.label for front in self.fronts)

    @property
    def shared(self) -> int:
        """The number of points that are on every front, figure by figure."""
        rows = [{tuple(row) for row in self.costs(n)} for n in range(len(self.fronts))]
        return len(set.intersection(*rows))

    def costs(self, front: int) -> Any:
        """Figures of a front [points, objectives]."""
        return self.fronts[front].points[list(self.objectives)].to_numpy(dtype=np.float64)


def compare_fronts(*sweeps: StoredSweep) -> FrontComparison:
    """The fronts of two or more sweeps by the objectives that all have. Raises InputError if they share none."""
    objectives = _common(sweeps)
    fronts = tuple(
        Front(label, sweep, pareto(sweep, objectives)) for label, sweep in zip(_labels(sweeps), sweeps, strict=True)
    )
    costs = [front.points[list(objectives)].to_numpy(dtype=np.float64) for front in fronts]
    return FrontComparison(
        objectives=objectives,
        fronts=fronts,
        beaten=tuple(tuple(_beaten(place, costs)) for place in range(len(costs))),
        volumes=_volumes(costs),
        differences=tuple(_differences(sweeps)),
    )


def _common(sweeps: Sequence[StoredSweep]) -> tuple[str, ...]:
    """Objectives that all have. Raises InputError for the first sweep that has none which all before it share."""
    common = sweeps[0].objectives
    for place, sweep in enumerate(sweeps[1:], start=1):
        before, common = common, [name for name in common if name in sweep.objectives]
        if not common:
            ours, theirs = (", ".join(names) or "no point that ran well" for names in (before, sweep.objectives))
            others = sweeps[0].store if place == 1 else f"the {place} sweeps before it"
            raise InputError(sweep.store, "objectives", theirs, f"must share one with {others}: {ours}")
    return tuple(common)


def _labels(sweeps: Sequence[StoredSweep]) -> list[str]:
    """Names of the sweep files, else of the stores, else the beginnings of digests: the first that tell all apart."""
    named = [shown_name(sweep.record.get("name")) for sweep in sweeps]
    files = [Path(sweep.store).stem for sweep in sweeps]
    for names in (named, files):
        if all(names) and len(set(names)) == len(sweeps):
            return [name for name in names if name]
    digests = [sweep.digest[:8] for sweep in sweeps]
    if len(set(digests)) < len(sweeps):  # one study in several stores of one name
        digests = [str(place) for place in range(1, len(sweeps) + 1)]
    return [f"{name or file} {digest}" for name, file, digest in zip(named, files, digests, strict=True)]


def _beaten(place: int, costs: Sequence[Any]) -> Iterator[Beaten]:
    """The points of the front at ``place`` that one of another front beats."""
    for point in range(len(costs[place])):
        by_front = list(_better(point, place, costs))
        if by_front:
            yield max(by_front, key=lambda beaten: sum(beaten.less))


def _better(point: int, place: int, costs: Sequence[Any]) -> Iterator[Beaten]:
    """For each other front, the point that saves most against ``point`` of the front at ``place``, if one beats it."""
    row = costs[place][point]
    for front, others in enumerate(costs):
        better = np.flatnonzero((others <= row).all(axis=1) & (others < row).any(axis=1))
        if front != place and better.size:
            spared = 1 - np.divide(others[better], row, out=np.ones_like(others[better]), where=row != 0)
            most = int(spared.mean(axis=1).argmax())
            yield Beaten(point, front, int(better[most]), tuple(float(share) for share in spared[most]))


def _volumes(costs: Sequence[Any]) -> tuple[float, ...] | None:
    """The volume of each front in the box of all fronts, each side of it scaled to 1; None if one is not known."""
    together = np.vstack(costs)
    best, worst = together.min(axis=0), together.max(axis=0)
    if (best == worst).any():
        return None
    volumes = [hypervolume((rows - best) / (worst - best), np.ones(together.shape[1])) for rows in costs]
    known = tuple(volume for volume in volumes if volume is not None)
    return known if len(known) == len(costs) else None


def leads(comparison: FrontComparison) -> list[Lead]:
    """The fronts with the lowest second objective, stretch by stretch of the first; empty unless there are two
    objectives.
    """
    if len(comparison.objectives) != 2:
        return []
    fronts = [comparison.costs(front) for front in range(len(comparison.fronts))]
    steps = [_at(start, fronts) for start in sorted({float(x) for costs in fronts for x in costs[:, 0]})]
    return [_stretch(list(stretch)) for _, stretch in groupby(steps, key=lambda lead: (lead.leader, lead.most is None))]


def _at(start: float, fronts: Sequence[Any]) -> Lead:
    """The lead among points that cost at most ``start`` of the first objective."""
    reached = [float(costs[costs[:, 0] <= start, 1].min(initial=np.inf)) for costs in fronts]
    low, following = sorted(reached)[:2]
    if low == following:
        return Lead(start, None, 0.0)
    return Lead(start, reached.index(low), None if np.isinf(following) or not following else 1 - low / following)


def _stretch(steps: Sequence[Lead]) -> Lead:
    shares = [step.most for step in steps if step.most is not None]
    return steps[0]._replace(most=max(shares, default=None))


def _differences(sweeps: Sequence[StoredSweep]) -> Iterator[Difference]:
    """The differences between the sweep files: chip, axes, and how points were drawn and judged."""
    told = [dict(_said(sweep)) for sweep in sweeps]
    for what in dict.fromkeys(name for said in told for name in said):
        values = tuple(said.get(what, "") for said in told)
        if any(value != values[0] for value in values):
            yield Difference(what, values)


def _said(sweep: StoredSweep) -> Iterator[tuple[str, object]]:
    spec = sweep.job.spec
    yield "traces", ", ".join(digest[:12] for digest in sweep.record["trace_hashes"])
    yield "objectives", ", ".join(spec.objectives)
    for field, axis in spec.axes.items():
        count = axis.count or len(axis.values or ())
        text = f"{shown_axis(axis)} ({f'{count} values' if count else 'an axis'})"
        values = axis.interval if axis.values is None else axis.values[:MOST_VALUES]
        yield field, Varied(text, values, axis.values is not None, count)
    for field, value in [*leaves(sweep.job.base), *sweep.job.fixed.items()]:
        if field not in spec.axes and field not in DESCRIPTIVE:
            yield field, value
    yield "constraints", "; ".join(spec.constraints)
    yield "sampler", spec.sampler
    yield "points", str(spec.points or "")
    yield "seed", str(spec.seed) if spec.sampler != "grid" else ""
    accuracy = spec.accuracy
    yield "word errors", f"{accuracy.system} of {accuracy.checkpoints} on {accuracy.manifest}" if accuracy else ""
