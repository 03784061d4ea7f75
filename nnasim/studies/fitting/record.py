"""The findings of a fit, as a record: fields with intervals, what rows cannot tell, and the error of each row."""

from __future__ import annotations

from nnasim.records import Frozen, Integer, Number


class FittedField(Frozen):
    """One field. ``low``, ``high``: the 95 % interval, null if the rows give none; ``note``: why, or an edge."""

    field: str
    unit: str
    start: Number
    value: Number
    low: Number | None
    high: Number | None
    note: str


class Confounded(Frozen):
    """Fields that no row tells apart: moved together by ``weights``, the rows change by ``rows_change_pct``."""

    fields: tuple[str, ...]
    weights: tuple[Number, ...]
    rows_change_pct: Number


class FittedRow(Frozen):
    """One row, in its own unit; errors in percent: as the chip came, as fitted, and as the other rows predict it."""

    line: Integer
    ran: str
    unit: str
    measured: Number
    before: Number
    fitted: Number
    before_error_pct: Number
    error_pct: Number
    held_out_error_pct: Number | None


class FitRecord(Frozen):
    """A fit. ``preset``: where it began; ``idle``: fields that no row depends on, which stay as they were."""

    schema_version: Integer = 1
    measurements: str
    preset: str
    overrides: tuple[str, ...]
    interval: str
    fields: tuple[FittedField, ...]
    idle: tuple[str, ...]
    confounded: tuple[Confounded, ...]
    rows: tuple[FittedRow, ...]
    command: str | None = None

    @property
    def mean_error_pct(self) -> float:
        """Mean absolute error of the rows that were fitted."""
        return _mean([row.error_pct for row in self.rows])

    @property
    def mean_before_pct(self) -> float:
        """Mean absolute error of these rows on the chip as it was given."""
        return _mean([row.before_error_pct for row in self.rows])

    @property
    def mean_held_out_pct(self) -> float | None:
        """Mean absolute error of each row as the others predict it; None if they were too few."""
        errors = [row.held_out_error_pct for row in self.rows if row.held_out_error_pct is not None]
        return _mean(errors) if len(errors) == len(self.rows) else None


def _mean(errors: list[float]) -> float:
    return sum(map(abs, errors)) / len(errors)
