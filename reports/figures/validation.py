"""Predicted against measured cycles: every row of a table, and a roofline of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from nnasim.markup import counted
from reports.figures.style import BLUE, GREEN, GREY, ORANGE, RED, SKY, Drawing, canvas, drawn
from reports.text import number
from workloads.validation.tables import Validation, summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKS = (("o", BLUE), ("s", ORANGE), ("^", GREEN), ("D", RED), ("v", SKY))
ROOFLINE = "roofline"


class GroupMark(NamedTuple):
    """The mark of the rows of a group."""

    group: str
    shape: str
    color: str


def group_marks(validation: Validation) -> list[GroupMark]:
    """A mark for each group, in the groups' order."""
    groups = sorted({prediction.group for prediction in validation.predictions})
    return [GroupMark(group, *_MARKS[place % len(_MARKS)]) for place, group in enumerate(groups)]


def findings(validation: Validation) -> tuple[str, str]:
    """The titles of the cycles and of the errors."""
    figures = summary(validation)
    exact = f"{figures['exact_rows']:,} of {figures['rows']:,} rows exact"
    mean, worst, roofline = (
        number(figures[name]) for name in ("mean_abs_error_pct", "max_abs_error_pct", "roofline_mean_abs_error_pct")
    )
    return (
        f"{validation.kind.name}: {exact}, mean error {mean} %",
        f"Off by {worst} % at worst, a roofline by {roofline} % on the mean",
    )


def picture(validation: Validation) -> Drawing:
    """A figure: predicted against measured cycles, and the error of each row beside the roofline's."""
    title, _ = findings(validation)
    with canvas("validation", 6.4) as figure:
        above, below = figure.subplots(2, 1, sharex=True)
        for mark in group_marks(validation):
            _draw_group(above, below, validation, mark)
        _finish(above, below, validation)
        above.set_title(title)
        return drawn(figure, title, f"{counted(len(validation.predictions), 'row')}; below, the error of each")


def _draw_group(above: Axes, below: Axes, validation: Validation, mark: GroupMark) -> None:
    rows = [prediction for prediction in validation.predictions if prediction.group == mark.group]
    measured = [prediction.measured for prediction in rows]
    looks: dict[str, Any] = {
        "marker": mark.shape, "s": 14, "facecolors": "none", "edgecolors": mark.color, "linewidths": 0.8,
    }  # fmt: skip
    label = f"{mark.group} ({counted(len(rows), 'row')})"
    above.scatter(measured, [prediction.simulated for prediction in rows], label=label, **looks)
    below.scatter(measured, [prediction.error_pct for prediction in rows], **looks)
    above.scatter(measured, [prediction.roofline for prediction in rows], marker=".", s=6, color=GREY)
    below.scatter(measured, [prediction.roofline_error_pct for prediction in rows], marker=".", s=6, color=GREY)


def _finish(above: Axes, below: Axes, validation: Validation) -> None:
    measured = [prediction.measured for prediction in validation.predictions]
    ends = [min(measured), max(measured)]
    above.plot(ends, ends, color="black", linewidth=0.6)
    above.scatter([], [], marker=".", s=6, color=GREY, label=ROOFLINE)
    above.set(xscale="log", yscale="log", ylabel="predicted cycles")
    above.legend(loc="upper left")
    below.axhline(0, color="black", linewidth=0.6)
    below.set(xlabel="measured cycles", ylabel="error [%]")
    below.set_yscale("symlog", linthresh=1.0)
    for axis in (above.xaxis, above.yaxis, below.yaxis):  # plain numbers: the look has no mathematical text
        axis.set_major_formatter(lambda value, _position: f"{value:,.0f}")
    for line in (1, -1):
        below.axhline(line, color=GREY, linewidth=0.4, linestyle=":")
