"""A fit in words: what was found, how sure it is, what no row tells, and how far off it is."""

from __future__ import annotations

from nnasim import markup
from nnasim.markup import counted
from nnasim.studies.fitting.record import FitRecord, FittedField


def fit_lines(record: FitRecord) -> list[str]:
    """A fit as a terminal and a notebook show it."""
    return [title(record), *markup.plain_table(HEADER, field_cells(record)).splitlines(), *doubts(record)]


MOST_FIELDS, MOST_DOUBTS = 6, 3  # if there is little room


def in_short(record: FitRecord) -> list[str]:
    """A fit in at most 15 lines of 80 columns: a field with its interval a line, then what rows do not tell."""
    cells = [(_unitless(row[0], row[1]), row[2], row[3], row[4], row[5]) for row in field_cells(record)]
    header = ("field", "before", "found", "95 % interval", "")
    lines = [title(record), *markup.plain_table(header, cells[:MOST_FIELDS]).splitlines()]
    if len(cells) > MOST_FIELDS:
        lines.append(f"and {len(cells) - MOST_FIELDS} more fields, in the preset")
    unsure = doubts(record)
    more = [f"and {len(unsure) - MOST_DOUBTS + 1} more doubts"] if len(unsure) > MOST_DOUBTS else []
    return [*lines, *unsure[: MOST_DOUBTS - len(more)], *more]


def _unitless(field: str, unit: str) -> str:
    return f"{field} [{unit}]" if unit and unit != "ratio" else field


HEADER = ("field", "unit", "before", "found", "95 % interval", "")


def title(record: FitRecord) -> str:
    """A line with the number of rows and their errors: before, after, and left out of the fit."""
    errors = f"mean error {record.mean_before_pct:.3g} % before, {record.mean_error_pct:.3g} % fitted"
    held_out = record.mean_held_out_pct
    beside = "too few rows to leave any out" if held_out is None else f"{held_out:.3g} % on rows left out"
    return f"{counted(len(record.fields), 'field')} from {counted(len(record.rows), 'row')}; {errors}, {beside}"


def field_cells(record: FitRecord) -> list[list[str]]:
    """A row of cells for each field."""
    return [
        [field.field, field.unit, f"{field.start:.6g}", f"{field.value:.6g}", interval_text(field), field.note]
        for field in record.fields
    ]


def interval_text(field: FittedField) -> str:
    """The interval of ``field``; "-" if the rows give none."""
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
