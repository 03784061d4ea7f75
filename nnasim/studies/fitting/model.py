"""Rows as a function of the searched coordinates: relative errors, and how they change with each field."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnasim.errors import ConfigError, NnasimError
from nnasim.hardware import NnaConfig
from nnasim.progress import Progress
from nnasim.studies.fitting.evaluated import Evaluated
from nnasim.studies.fitting.fields import FitField
from nnasim.studies.fitting.rows import Measurement, Trial
from nnasim.studies.fitting.table import located

Vector = NDArray[np.float64]

FIRST_STEP = 0.01  # of a coordinate, in which 1 is a great change
BENT = 0.25  # of a coordinate: longer steps are taken only where shorter ones change nothing
LONGEST_STEP = 8.0
WHOLE_CYCLES = 300.0  # that a step should change some row by, so that rounding to one blurs a slope little
REMEMBERED = 4096  # chips whose predictions are kept


class FitModel:
    """``rows`` on ``chip`` with ``fields`` moved; each row of each chip is simulated once."""

    def __init__(
        self, rows: Sequence[Measurement], chip: NnaConfig, fields: Sequence[FitField], progress: Progress,
        evaluated: Evaluated | None = None,
    ) -> None:  # fmt: skip
        self.rows, self.chip, self.fields, self.progress = tuple(rows), chip, tuple(fields), progress
        self.measured: Vector = np.array([row.measured for row in rows])
        self.lowest: Vector = np.array([field.lowest for field in fields])
        self.highest: Vector = np.array([field.highest for field in fields])
        self.whole_cycle: Vector = np.array([row.whole_cycle(chip) for row in rows])
        self.evaluated = evaluated or Evaluated()
        self._known: dict[tuple[float, ...], dict[int, float]] = {}

    @property
    def start(self) -> Vector:
        """Coordinates of the chip as it came."""
        return np.array([field.coordinate(field.start) for field in self.fields])

    def values(self, at: Vector) -> dict[str, float | int]:
        """Field -> value at coordinates ``at``, shape (fields,)."""
        return {field.name: field.value(float(place)) for field, place in zip(self.fields, at, strict=True)}

    def chip_at(self, at: Vector) -> NnaConfig:
        """The chip at ``at``. Raises ConfigError if there is none."""
        return self.chip.with_(self.values(at), "fields")

    def predicted(self, at: Vector) -> Vector:
        """The prediction for each row at ``at``, in its own unit, shape (rows,)."""
        values = tuple(self.values(at).values())
        if values not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[values] = {}
            self.progress("chips", len(self._known), None)
        known = self._known[values]
        if any(id(row) not in known for row in self.rows):
            self._evaluate(at, known)
        return np.array([known[id(row)] for row in self.rows])

    def _evaluate(self, at: Vector, known: dict[int, float]) -> None:
        """Put the prediction for each row that is not ``known`` at ``at``: remembered, or simulated."""
        values, chip, new = self.values(at), self.chip_at(at), dict[int, float]()
        trial, before = Trial(chip), self.evaluated.known(values)
        for row in self.rows:
            if id(row) in known:
                continue
            if row.row.line not in before:
                try:
                    new[row.row.line] = row.predicted(trial)
                except NnasimError as error:
                    raise located(error, row) from None
            known[id(row)] = before[row.row.line] if row.row.line in before else new[row.row.line]
        self.evaluated.keep(values, new)

    def errors(self, at: Vector) -> Vector:
        """Relative error of each row, shape (rows,)."""
        errors: Vector = self.predicted(at) / self.measured - 1
        return errors

    def slopes(self, at: Vector) -> Vector:
        """Change of the relative errors with each coordinate, shape (rows, fields), by steps to either side."""
        return np.stack([self._slope(at, place) for place in range(len(self.fields))], axis=1)

    def _slope(self, at: Vector, place: int) -> Vector:
        """One column of slopes. The step is long enough for whole cycles not to blur it. Zeros if nothing changes."""
        step, slope = self._least_step(at, place), np.zeros(len(self.rows))
        while step <= LONGEST_STEP:
            below, above = self.moved(at, place, -step), self.moved(at, place, step)
            difference = self.predicted(above) - self.predicted(below)
            if difference.any():
                slope = difference / self.measured / (above[place] - below[place])
            if np.abs(difference / self.whole_cycle).max() >= WHOLE_CYCLES:
                break
            if difference.any() and step >= BENT:
                break
            step *= 3
        return slope

    def _least_step(self, at: Vector, place: int) -> float:
        """The least step of a coordinate: 0.01, or what changes a field of whole numbers by one."""
        field = self.fields[place]
        if not field.whole:
            return FIRST_STEP
        value = max(abs(float(field.value(float(at[place])))), 1.0)
        return max(FIRST_STEP, 1.0 / (value if field.logarithmic else field.scale))

    def moved(self, at: Vector, place: int, step: float) -> Vector:
        """``at`` with one coordinate moved by ``step``, as far as its range goes."""
        there = at.copy()
        there[place] = np.clip(there[place] + step, self.lowest[place], self.highest[place])
        return there

    def part(self, chosen: NDArray[np.int64]) -> FitModel:
        """This model with only the rows at the places ``chosen``."""
        part = FitModel([self.rows[place] for place in chosen], self.chip, self.fields, self.progress, self.evaluated)
        part._known = self._known
        return part

    def with_fields(self, fields: Sequence[FitField]) -> FitModel:
        """This model with only ``fields``; all others keep the chip's values."""
        return FitModel(self.rows, self.chip, fields, self.progress, self.evaluated)

    def refuse_other_units(self, preset: str) -> None:
        """Raise ConfigError if the rows are so far from the chip that they were probably given in another unit."""
        ratio = float(np.exp(np.median(np.log(self.predicted(self.start) / self.measured))))
        if not 1 / MOST_RATIO < ratio < MOST_RATIO:
            row = self.rows[0]
            allowed = (
                f"cannot be in {row.unit}: {preset} takes {self.predicted(self.start)[0]:.4g} {row.unit} for it, and "
                f"half of the rows are more than {MOST_RATIO:g} times off"
            )
            raise ConfigError(f"{row.row.source}: line {row.row.line}", "measured", row.measured, allowed)


MOST_RATIO = 300.0
