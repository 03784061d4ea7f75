"""A complete fit: from rows and a chip to the fitted chip and its certainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nnasim.errors import ConfigError
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace
from nnasim.progress import Progress, silent
from nnasim.studies.fitting.confidence import Bounds, Confidence, as_near_as_before, confidence
from nnasim.studies.fitting.cross_validation import held_out_errors
from nnasim.studies.fitting.evaluated import Evaluated
from nnasim.studies.fitting.fields import FitField, fit_fields
from nnasim.studies.fitting.model import FitModel, Vector
from nnasim.studies.fitting.record import Confounded, FitRecord, FittedField, FittedRow
from nnasim.studies.fitting.rows import Measurement
from nnasim.studies.fitting.search import found, leapt, settled
from nnasim.studies.fitting.table import measurements
from workloads.importers.measured_table import MeasuredTable

INTERVAL = "95 %, asymptotic (HC3 sandwich, Student's t), widened to what the rows do not contradict"
MEASURE = "measure what it decides, or leave it out"
DIGITS = 6  # of a value that was found; no row tells more
EDGE = 1e-5  # of a coordinate


@dataclass(frozen=True)
class Fit:
    """A finished fit. ``chip``: the one that fits; ``unused``: columns of the table that the fit does not use."""

    record: FitRecord
    chip: NnaConfig
    unused: tuple[str, ...]


def fit(
    table: MeasuredTable, chip: NnaConfig, names: Sequence[str], *, preset: str, overrides: Sequence[str] = (),
    held: Mapping[str, OpTrace] | None = None, command: str | None = None, progress: Progress = silent,
    evaluated: Evaluated | None = None,
) -> Fit:  # fmt: skip
    """The fields ``names`` of ``chip`` that agree best with the measurements in ``table``.

    ``held``: traces by the name that the table gives them; ``evaluated``: where rows that were simulated are kept.
    Raises ConfigError, InputError or FileError for what cannot be fitted, or if ``evaluated`` is of another fit.
    """
    asked = fit_fields(names, chip)
    rows, unused = measurements(table, chip, asked, held)
    _refuse_few(rows, asked, table.source)
    evaluated = evaluated or Evaluated()
    evaluated.begin(rows, chip)
    model = FitModel(rows, chip, asked, progress, evaluated)
    model.refuse_other_units(preset)
    idle = _idle(model)
    told = [field for field in asked if field not in idle]
    if not told:
        names_asked = ", ".join(field.name for field in asked)
        raise ConfigError(table.source, names_asked, chip.name, f"no row depends on it; {MEASURE}")
    model, at, sure = _searched(model.with_fields(told))
    held_out = held_out_errors(model, at)
    record = FitRecord(
        measurements=table.source,
        preset=preset,
        overrides=tuple(overrides),
        interval=INTERVAL,
        fields=tuple(_fitted(model, at, place, sure) for place in range(len(model.fields))),
        idle=tuple(field.name for field in asked if field not in model.fields),
        confounded=tuple(
            Confounded(fields=group.fields, weights=group.weights, rows_change_pct=100 * group.changes)
            for group in sure.together
        ),
        rows=_fitted_rows(model, at, held_out),
        command=command,
    )
    return Fit(record, model.chip_at(at), tuple(unused))


def _searched(model: FitModel) -> tuple[FitModel, Vector, Confidence]:
    """The solution and how sure it is, without fields that rows hardly depend on: those stay as they were."""
    while True:
        at = settled(model, found(model, leapt(model)))
        sure = confidence(model, at)
        hardly = {group.fields[0] for group in sure.together if len(group.fields) == 1}
        if not hardly:
            at = _rounded(model, as_near_as_before(model, at, sure.together))
            return model, at, confidence(model, at)
        told = [field for field in model.fields if field.name not in hardly]
        if not told:
            source = model.rows[0].row.source
            raise ConfigError(
                source, ", ".join(sorted(hardly)), model.chip.name, f"rows hardly depend on it; {MEASURE}"
            )
        model = model.with_fields(told)


def _refuse_few(rows: Sequence[Measurement], fields: Sequence[FitField], source: str) -> None:
    if len(rows) < len(fields):
        allowed = f"are fewer rows than the {len(fields)} fields to be found; measure more, or ask for fewer fields"
        raise ConfigError(source, "rows", len(rows), allowed)


def _idle(model: FitModel) -> list[FitField]:
    """Fields that change no row, however far they move, neither at the start nor after a leap of the others."""
    seen = model.slopes(model.start).any(axis=0)
    if seen.any() and not seen.all():
        seen |= model.slopes(leapt(model)).any(axis=0)
    return [field for field, is_seen in zip(model.fields, seen, strict=True) if not is_seen]


def _rounded(model: FitModel, at: Vector) -> Vector:
    """``at``, as a file holds it: values of six digits."""
    places = []
    for field, place in zip(model.fields, at, strict=True):
        value = float(f"{field.value(float(place)):.{DIGITS}g}")
        places.append(field.coordinate(min(max(value, field.low), field.high)))
    return np.array(places)


def _fitted(model: FitModel, at: Vector, place: int, sure: Confidence) -> FittedField:
    field, bounds = model.fields[place], sure.bounds[place]
    return FittedField(
        field=field.name,
        unit=field.unit,
        start=field.start,
        value=field.value(float(at[place])),
        low=None if bounds is None else field.value(bounds.low),
        high=None if bounds is None else field.value(bounds.high),
        note=_note(model, at, place, bounds, sure),
    )


def _note(model: FitModel, at: Vector, place: int, bounds: Bounds | None, sure: Confidence) -> str:
    field = model.fields[place]
    others = [name for group in sure.together if field.name in group.fields for name in group.fields]
    others = [name for name in dict.fromkeys(others) if name != field.name]
    if others:
        return f"only together with {', '.join(others)}"
    if bounds is None:
        return "as many fields as rows, so nothing tells how sure it is"
    if bounds.high >= model.highest[place] - EDGE:
        return "larger values fit as well" if bounds.high > at[place] + EDGE else "at the top of its range"
    if bounds.low <= model.lowest[place] + EDGE:
        return "smaller values fit as well" if bounds.low < at[place] - EDGE else "at the bottom of its range"
    return ""


def _fitted_rows(model: FitModel, at: Vector, held_out: Vector | None) -> tuple[FittedRow, ...]:
    before, after = model.predicted(model.start), model.predicted(at)
    return tuple(
        FittedRow(
            line=row.row.line,
            ran=row.name,
            unit=row.unit,
            measured=row.measured,
            before=float(before[place]),
            fitted=float(after[place]),
            before_error_pct=100 * float(before[place] / row.measured - 1),
            error_pct=100 * float(after[place] / row.measured - 1),
            held_out_error_pct=None if held_out is None else 100 * float(held_out[place]),
        )
        for place, row in enumerate(model.rows)
    )
