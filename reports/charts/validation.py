"""Predicted against measured cycles of every row of a table, and the error of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from reports.chart import INK, Chart, Entry, Legend, Spec
from reports.charts.parts import ACROSS, HIDDEN, PADDING, SHOWN, VEGA_SHAPES, colored, measured, shaped, told, tooltip
from reports.figures.style import GREY
from reports.figures.validation import ROOFLINE, GroupMark, findings, group_marks
from reports.text import number

if TYPE_CHECKING:
    from workloads.validation.tables import Validation

_HEIGHT = 260
_NAMING = 4  # cells of a row that say which it is
_HEADINGS = ("row", "group", "measured cycles", "predicted cycles", "error [%]", "roofline's error [%]")


def validation_charts(validation: Validation) -> tuple[Chart, ...]:
    """Predicted against measured cycles of every row, and below it the error of each, a roofline beside both."""
    marks = group_marks(validation)
    entries = Legend((*(Entry(mark.group, mark.group, mark.color) for mark in marks), Entry(ROOFLINE, ROOFLINE, GREY)))
    cycles = [prediction.measured for prediction in validation.predictions]
    ends = {"values": [{"measured": end, "predicted": end, "error": 0} for end in (min(cycles), max(cycles))]}
    predicted = [cycles for found in validation.predictions for cycles in (found.simulated, found.roofline)]
    above = measured("predicted", "predicted cycles", [*predicted, *cycles], log=True)
    scale = {"type": "symlog", "constant": 1, "padding": PADDING}
    below = {"field": "error", "type": "quantitative", "title": "error [%]", "scale": scale}
    along = measured("measured", "measured cycles", cycles, log=True)
    title, errors = findings(validation)
    return (
        _points(title, along, above, entries, marks, ends, validation),
        _points(errors, along, below, entries, marks, ends, validation),
    )


def _points(
    title: str, along: Spec, upwards: Spec, entries: Legend, marks: Sequence[GroupMark], ends: Spec,
    validation: Validation,
) -> Chart:  # fmt: skip
    shapes = [*(VEGA_SHAPES[mark.shape] for mark in marks), "circle"]
    spec: Spec = {
        **ACROSS,
        "height": _HEIGHT,
        "params": [HIDDEN],
        "encoding": {"x": along, "y": upwards},
        "layer": [
            {"data": ends, "mark": {"type": "line", "color": {"expr": INK}, "strokeWidth": 0.8, "aria": False}},
            {
                "data": {"name": "rows"},
                "transform": [SHOWN],
                "mark": {"type": "point", "strokeWidth": 1.2},
                "encoding": {
                    "color": colored(entries), "shape": shaped(entries, shapes), "tooltip": tooltip(_HEADINGS),
                    "size": {"condition": {"test": f"datum.series === '{ROOFLINE}'", "value": 8}, "value": 40},
                },
            },
        ],
    }  # fmt: skip
    return Chart(title, spec, {"rows": _row_columns(validation)}, legend=entries)


def _row_columns(validation: Validation) -> Mapping[str, Sequence[object]]:
    """Every row twice: as it was simulated, and as a roofline has it."""
    rows = list[tuple[str, float, float, float, tuple[str, ...]]]()
    for place, (row, found) in enumerate(zip(validation.table.rows, validation.predictions, strict=True), start=1):
        name = f"{place}: {', '.join(map(str, list(row.cells.values())[:_NAMING]))}"
        cycles = (number(found.measured), number(found.simulated))
        tells = (name, found.group, *cycles, f"{found.error_pct:.3f}", f"{found.roofline_error_pct:.1f}")
        rows.append((found.group, found.measured, found.simulated, found.error_pct, tells))
        rows.append((ROOFLINE, found.measured, found.roofline, found.roofline_error_pct, tells))
    return {
        "series": [series for series, *_ in rows],
        "measured": [measured for _, measured, *_ in rows],
        "predicted": [predicted for _, _, predicted, *_ in rows],
        "error": [error for *_, error, _ in rows],
        **told({heading: [tells[n] for *_, tells in rows] for n, heading in enumerate(_HEADINGS)}),
    }
