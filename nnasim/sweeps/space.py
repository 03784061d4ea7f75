"""The points of a sweep, made one by one: a million points take no memory until they are asked for."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from nnasim.errors import ConfigError
from nnasim.sweeps.axes import MOST_POINTS
from nnasim.sweeps.fields import Scalar
from nnasim.sweeps.job import Job, Values

DEFAULT_POINTS = 256


class Space:
    """All points of ``job``, by index; those that break a constraint are left out when they are iterated over."""

    def __init__(self, job: Job, source: object) -> None:
        self.job, self.source = job, source
        self._refuse_uncounted()
        if self._asked > MOST_POINTS:
            raise ConfigError(source, "axes", self._asked, f"a study has at most {MOST_POINTS:,} points")
        if job.constraints and not any(job.allows(values) for values in self._deciding()):
            texts = "; ".join(constraint.text for constraint in job.constraints)
            raise ConfigError(
                source, "constraints", texts, f"contradict each other: none of {self.size:,} points is left"
            )

    def _refuse_uncounted(self) -> None:
        """Refuse a grid over a range without a count; a search draws from the whole range."""
        for name, axis in self.job.spec.axes.items():
            if self.job.spec.sampler == "grid" and axis.values is None and not axis.count:
                allowed = "a grid needs the number of values: [low, high, count]"
                raise ConfigError(self.source, f"axes.{name}", list(axis.interval), allowed)

    @cached_property
    def grid(self) -> tuple[tuple[Scalar, ...], ...]:
        """The values of each axis of a grid."""
        return tuple(axis.grid(self.job.fields[name]) for name, axis in self.job.spec.axes.items())

    @property
    def _asked(self) -> int:
        """Points that the file asks for; known before any value is made."""
        spec = self.job.spec
        if spec.sampler == "grid":
            return math.prod(axis.count or len(axis.values or ()) for axis in spec.axes.values())
        return self.size

    @property
    def size(self) -> int:
        """Points before constraints."""
        spec = self.job.spec
        if spec.sampler == "grid":
            return math.prod(len(values) for values in self.grid)
        base = spec.points or DEFAULT_POINTS
        return base * (len(spec.axes) + 2) if spec.sampler == "saltelli" else base

    def _deciding(self) -> Iterator[Values]:
        """Every combination of values of the axes that constraints depend on: in a grid far fewer than its points."""
        names, axes = self.job.deciding, self.job.spec.axes
        if self.job.spec.sampler == "grid":
            values = [axis for name, axis in zip(axes, self.grid, strict=True) if name in names]
            return (dict(zip(names, point, strict=True)) for point in itertools.product(*values))
        columns = [self._column(number) for number, name in enumerate(axes) if name in names]
        return (dict(zip(names, point, strict=True)) for point in zip(*columns, strict=True))

    def _column(self, number: int) -> Iterator[Scalar]:
        """The sampled values of one axis."""
        name, axis = list(self.job.spec.axes.items())[number]
        return (axis.at(place, self.job.fields[name]) for place in self._unit[:, number].tolist())

    def at(self, index: int) -> Values:
        """Point ``index``; in a grid the last axis changes fastest."""
        names = tuple(self.job.spec.axes)
        if self.job.spec.sampler != "grid":
            places = zip(names, self._unit[index], strict=True)
            axes = self.job.spec.axes
            return {name: axes[name].at(float(place), self.job.fields[name]) for name, place in places}
        values = []
        for axis in reversed(self.grid):
            index, place = divmod(index, len(axis))
            values.append(axis[place])
        return dict(zip(names, reversed(values), strict=True))

    def points(self, shard: tuple[int, int] = (0, 1)) -> Iterator[Values]:
        """Every point that the constraints allow; of ``shard`` (i, n) those with index = i modulo n."""
        for index in range(shard[0], self.size, shard[1]):
            values = self.at(index)
            if self.job.allows(values):
                yield values

    @cached_property
    def _unit(self) -> Any:
        """Places in the unit cube, [points, axes]."""
        spec = self.job.spec
        return unit_sample(spec.sampler, spec.points or DEFAULT_POINTS, len(spec.axes), spec.seed)


def unit_sample(sampler: str, points: int, dimensions: int, seed: int) -> Any:
    """``points`` places in the unit cube, float64 [points, dimensions], from scipy.stats.qmc.

    ``saltelli``: the matrices A, B and A with one column of B each, (dimensions + 2) x points rows, as Sobol indices
    need (Saltelli et al. 2010). A Sobol sequence is balanced at powers of two; other numbers are allowed.
    """
    import numpy as np
    from scipy.stats import qmc

    if sampler == "random":
        return np.random.default_rng(seed).random((points, dimensions))
    if sampler == "lhs":
        return qmc.LatinHypercube(dimensions, rng=seed).random(points)
    width = 2 * dimensions if sampler == "saltelli" else dimensions
    sequence = qmc.Sobol(width, rng=seed)
    drawn = sequence.random_base2(max(0, math.ceil(math.log2(points))))[:points]
    if sampler == "sobol":
        return drawn
    a, b = drawn[:, :dimensions], drawn[:, dimensions:]
    mixed = [np.where(np.arange(dimensions) == column, b, a) for column in range(dimensions)]
    return np.concatenate([a, b, *mixed])
