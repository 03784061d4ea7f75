"""A validated table as files: every row with its prediction, the figures per group, a picture, and a page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nnasim import files
from nnasim.errors import InputError
from reports.blocks import Cell, Document, Figure, Listing, Quantity, Section, Table, Value
from reports.charts.validation import validation_charts
from reports.csvfile import write_csv
from reports.document import write_html
from reports.figures.validation import picture
from reports.text import number, shortened
from workloads.validation.tables import Validation, summary

ADDED = ("simulated_cycles", "error_pct", "group", "roofline_cycles", "roofline_error_pct")
MOST_ROWS = 1000  # of the page's table
_DECIMALS = 6  # of a percentage in the table


def write_validation(folder: Path, validation: Validation) -> dict[str, Any]:
    """Write ``validation.csv``, ``.json`` and ``.png``, and ``report.html``, into ``folder``; returns the summary.

    Raises InputError if the reference already has a column of a name that is added.
    """
    figures = {**summary(validation), "reference": Path(validation.table.source).name}
    write_csv(folder / "validation.csv", *_rows(validation))
    files.write_json(folder / "validation.json", figures)
    document = validation_document(validation)
    (drawn,) = document.figures
    files.write_bytes(folder / "validation.png", drawn.drawing.file("png"))
    write_html(folder / "report.html", document)
    return figures


def _rows(validation: Validation) -> tuple[list[str], list[list[object]]]:
    counts = [f"simulated_{name}" for name in validation.predictions[0].counts]
    header = [*validation.table.columns, *ADDED, *counts]
    for name in header:
        if header.count(name) > 1:
            raise InputError(f"{validation.table.source}: line 1", "header", name, "is a column that is added here")
    rows: list[list[object]] = []
    for row, prediction in zip(validation.table.rows, validation.predictions, strict=True):
        added = [prediction.simulated, round(prediction.error_pct, _DECIMALS), prediction.group]
        roofline = [prediction.roofline, round(prediction.roofline_error_pct, _DECIMALS)]
        simulated_counts = [ours for ours, _ in prediction.counts.values()]
        rows.append([*row.cells.values(), *added, *roofline, *simulated_counts])
    return header, rows


def validation_document(validation: Validation) -> Document:
    """The page of a validated table: how far off, group by group and row by row."""
    figures, source = summary(validation), Path(validation.table.source).name
    exact = f"{number(figures['exact_rows'])} of {number(figures['rows'])} rows are exact"
    means = (figures[name] for name in ("mean_abs_error_pct", "max_abs_error_pct", "roofline_mean_abs_error_pct"))
    mean, worst, roofline = map(number, means)
    answer = f"{exact}; mean error {mean} %, worst {worst} %; a roofline's mean {roofline} %."
    return Document(
        title=Value(f"{figures['kind']}: {source}"),
        lead=(Listing((answer,), "answers"),),
        sections=(_by_group(validation, figures), _by_row(validation)),
        kind="validation",
    )


def _by_group(validation: Validation, figures: Mapping[str, Any]) -> Section:
    rows = tuple(
        (Value(name), *(group[field] for field in _GROUP_FIELDS), Value(figures["notes"][name]))
        for name, group in figures["groups"].items()
    )
    columns = (
        "group", "rows", "exact", "mean error [%]", "worst error [%]", "roofline's mean error [%]", "what it is",
    )  # fmt: skip
    note = "Errors are those of predicted against measured cycles, without their sign."
    return Section(
        "groups",
        "How far off",
        (*figures_of(validation), Table("groups", "", columns, rows, note, look="words")),
    )


_GROUP_FIELDS = ("rows", "exact_rows", "mean_abs_error_pct", "max_abs_error_pct", "roofline_mean_abs_error_pct")


def _by_row(validation: Validation) -> Section:
    header, rows = _rows(validation)
    cells = tuple(tuple(_cell(value) for value in row) for row in rows[:MOST_ROWS])
    more = f"The first {MOST_ROWS} are listed; validation.csv has all." if len(rows) > MOST_ROWS else ""
    table = Table("rows", "", tuple(header), cells, more, named_rows=False, look="plain")
    return Section("rows", "Every row", (table,))


def _cell(value: object) -> Cell:
    """A number of ours, a number as the table has written it, or words."""
    if isinstance(value, int | float):
        return value
    text = str(value)
    try:
        measured = float(text)
    except ValueError:
        return Value(text)
    return (
        Quantity(measured, f"{int(text):,}" if text.isdecimal() else text) if math.isfinite(measured) else Value(text)
    )


def figures_of(validation: Validation) -> Iterator[Figure]:
    """The figures of a validation, drawn when they are asked for."""
    yield Figure("validation", picture(validation), charts=validation_charts(validation))


MOST_GROUPS = 11  # that a terminal shows


def in_short(figures: dict[str, Any]) -> str:
    """The figures as lines of text: all rows, then each group, with the roofline's error beside.

    Of many groups only those with the largest errors.
    """
    groups = list(figures["groups"].items())
    shown_groups = groups
    if len(groups) > MOST_GROUPS:
        worst = sorted(groups, key=lambda group: -group[1]["max_abs_error_pct"])[: MOST_GROUPS - 1]
        shown_groups = [group for group in groups if group in worst]
    lines = [_line("all rows", figures), *(_line(shortened(name, 22), group) for name, group in shown_groups)]
    more = [f"and {len(groups) - len(shown_groups):,} that are less off"] if len(shown_groups) < len(groups) else []
    return "\n".join([f"{'':<22} rows exact  mean error  worst error  roofline's mean", *lines, *more])


def _line(name: str, figures: dict[str, Any]) -> str:
    mean, worst = figures["mean_abs_error_pct"], figures["max_abs_error_pct"]
    counts = f"{figures['rows']:>4} {figures['exact_rows']:>5}"
    return f"{name:<22} {counts} {mean:>9.3f} % {worst:>10.3f} % {figures['roofline_mean_abs_error_pct']:>14.1f} %"
