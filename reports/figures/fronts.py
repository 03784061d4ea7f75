"""Two Pareto fronts in one picture: what one costs where the other is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.figures.style import BLUE, ORANGE, Drawing, canvas, drawn
from reports.text import number, shortened

MARKS: tuple[dict[str, Any], dict[str, Any]] = (
    {"color": BLUE, "marker": "o", "linestyle": "-"},
    {"color": ORANGE, "marker": "s", "linestyle": "--"},
)
_WIDE = 20.0  # a larger ratio of the extremes is drawn on a logarithmic axis


def two_fronts(
    name: str, title: str, axes_names: tuple[str, str], labels: Sequence[str], points: Sequence[Any],
    beaten: Sequence[Sequence[int]],
) -> Drawing:  # fmt: skip
    """Draw both fronts, ``points`` [points, 2] each: filled what the other does not beat, hollow what it does."""
    with canvas(name, 3.3) as figure:
        axes = figure.add_subplot()
        for label, costs, rows, look in zip(labels, points, beaten, MARKS, strict=True):
            hollow = set(rows)
            axes.step(
                costs[:, 0], costs[:, 1], where="post", linewidth=1, color=look["color"], linestyle=look["linestyle"]
            )
            for place, (x, y) in enumerate(costs):
                face = "white" if place in hollow else look["color"]
                axes.plot(
                    x, y, look["marker"], color=look["color"], markerfacecolor=face, markeredgecolor="black",
                    markeredgewidth=0.6, markersize=6,
                )  # fmt: skip
            said = f"{shortened(label, 30)}: {len(costs)} points, {len(hollow)} beaten (hollow)"
            axes.plot([], [], label=said, markeredgecolor="black", markersize=6, **look)
        axes.margins(0.06)
        for axis, column in ((axes.xaxis, 0), (axes.yaxis, 1)):
            values = [value for costs in points for value in costs[:, column]]
            if min(values) > 0 and max(values) > _WIDE * min(values):
                (axes.set_xscale if column == 0 else axes.set_yscale)("log")
                axis.set_minor_formatter("")
            axis.set_major_formatter(lambda value, _: number(float(value)))
        axes.set_xlabel(axes_names[0])
        axes.set_ylabel(axes_names[1])
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.set_title(title)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=1)
        words = (f"{label}: {len(costs)} points" for label, costs in zip(labels, points, strict=True))
        return drawn(figure, title, "; ".join(words))
