"""A fit in words: what was found, how sure it is, what no row tells, and how far off it is."""

from __future__ import annotations

from nnasim import markup
from nnasim.studies.fitting.record import FitRecord, FittedField


def fit_lines(record: FitRecord) -> list[str]:
    """A fit as a terminal and a notebook show it."""
    return [title(record), *markup.plain_table(HEADER, field_cells(record)).splitlines(), *doubts(record)]


HEADER = ("field", "unit", "before", "found", "95 % interval", "")


def title(record: FitRecord) -> str:
    """A line with the number of rows and their errors: before, after, and left out of the fit."""
    errors = f"mean error {record.mean_before_pct:.3g} % before, {record.mean_error_pct:.3g} % fitted"
    held_out = record.mean_held_out_pct
    beside = "too few rows to leave any out" if held_out is None else f"{held_out:.3g} % on rows left out"
    return f"{len(record.fields)} fields from {len(record.rows)} rows; {errors}, {beside}"


def field_cells(record: FitRecord) -> list[list[str]]:
    """A row of cells for each field."""
    return [
        [field.field, field.unit, f"{field.start:.6g}", f"{field.value:.6g}", interval_text(field), field.note]
        for field in record.fields
    ]


def interval_text(field: FittedField) -> str:
    """The interval of ``field``; "-" where the rows give none."""
    if field.low is None or field.high is None:
        return "-"
    return f"{field.low:.5g} to {field.high:.5g}"


def doubts(record: FitRecord) -> list[str]:
    """Lines on what the rows cannot tell."""
    lines = []
    for group in record.confounded:
        parts = " and ".join(
            f"{name} ({weight:+.2f})" for name, weight in zip(group.fields, group.weights, strict=True)
        )
        lines.append(
            f"no row tells apart {parts}: moved like this by half, rows change by {group.rows_change_pct:.2g} %"
        )
    if record.idle:
        lines.append(f"rows do not, or hardly, depend on {', '.join(record.idle)}: left as before")
    return lines
