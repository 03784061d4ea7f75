"""A validated table as files: every row with its prediction, the figures per group, and a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnasim import files
from nnasim.errors import InputError
from reports.blocks import Figure
from reports.csvfile import write_csv
from reports.figures.style import BLUE, GREEN, GREY, ORANGE, RED, SKY, Drawing, canvas, drawn
from workloads.validation.tables import Validation, summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ADDED = ("simulated_cycles", "error_pct", "group", "roofline_cycles", "roofline_error_pct")
_MARKS = (("o", BLUE), ("s", ORANGE), ("^", GREEN), ("D", RED), ("v", SKY))
_DECIMALS = 6  # of a percentage in the table


def write_validation(folder: Path, validation: Validation) -> dict[str, Any]:
    """Write ``validation.csv``, ``validation.json`` and ``validation.png`` into ``folder``; returns the summary.

    Raises InputError where the reference already has a column of a name that is added.
    """
    figures = {**summary(validation), "reference": Path(validation.table.source).name}
    write_csv(folder / "validation.csv", *_rows(validation))
    files.write_json(folder / "validation.json", figures)
    files.write_bytes(folder / "validation.png", picture(validation).file("png"))
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


def figures_of(validation: Validation) -> Iterator[Figure]:
    """Its pictures, drawn when they are asked for."""
    yield Figure("validation", picture(validation))


def picture(validation: Validation) -> Drawing:
    """Draw predicted against measured cycles, and the error of each row beside the roofline's."""
    title = f"{validation.kind.name}: predicted against measured"
    with canvas("validation", 6.4) as figure:
        above, below = figure.subplots(2, 1, sharex=True)
        for place, group in enumerate(sorted({prediction.group for prediction in validation.predictions})):
            _draw_group(above, below, validation, group, *_MARKS[place % len(_MARKS)])
        _finish(above, below, validation)
        above.set_title(title)
        return drawn(figure, title, f"{len(validation.predictions):,} rows; below, the error of each")


def _draw_group(above: Axes, below: Axes, validation: Validation, group: str, mark: str, color: str) -> None:
    rows = [prediction for prediction in validation.predictions if prediction.group == group]
    measured = [prediction.measured for prediction in rows]
    looks: dict[str, Any] = {"marker": mark, "s": 14, "facecolors": "none", "edgecolors": color, "linewidths": 0.8}
    above.scatter(measured, [prediction.simulated for prediction in rows], label=f"{group} ({len(rows)} rows)", **looks)
    below.scatter(measured, [prediction.error_pct for prediction in rows], **looks)
    above.scatter(measured, [prediction.roofline for prediction in rows], marker=".", s=6, color=GREY)
    below.scatter(measured, [prediction.roofline_error_pct for prediction in rows], marker=".", s=6, color=GREY)


def _finish(above: Axes, below: Axes, validation: Validation) -> None:
    measured = [prediction.measured for prediction in validation.predictions]
    ends = [min(measured), max(measured)]
    above.plot(ends, ends, color="black", linewidth=0.6)
    above.scatter([], [], marker=".", s=6, color=GREY, label="roofline")
    above.set(xscale="log", yscale="log", ylabel="predicted cycles")
    above.legend(loc="upper left")
    below.axhline(0, color="black", linewidth=0.6)
    below.set(xlabel="measured cycles", ylabel="error [%]")
    below.set_yscale("symlog", linthresh=1.0)
    for axis in (above.xaxis, above.yaxis, below.yaxis):  # plain numbers: the look has no mathematical text
        axis.set_major_formatter(lambda value, _position: f"{value:,.0f}")
    for line in (1, -1):
        below.axhline(line, color=GREY, linewidth=0.4, linestyle=":")


def in_short(figures: dict[str, Any]) -> str:
    """The figures as lines of text: all rows, then each group, with the roofline's error beside."""
    lines = [_line("all rows", figures)]
    lines += [_line(name, group) for name, group in figures["groups"].items()]
    return "\n".join([f"{'':<22} rows exact  mean error  worst error  roofline's mean", *lines])


def _line(name: str, figures: dict[str, Any]) -> str:
    mean, worst = figures["mean_abs_error_pct"], figures["max_abs_error_pct"]
    counts = f"{figures['rows']:>4} {figures['exact_rows']:>5}"
    return f"{name:<22} {counts} {mean:>9.3f} % {worst:>10.3f} % {figures['roofline_mean_abs_error_pct']:>14.1f} %"
