"""Pareto fronts of several sweeps in one picture, by two of their objectives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from nnasim.markup import counted
from reports.figures.style import Drawing, canvas, drawn, mark
from reports.text import prefixed, shortened

_WIDE = 20.0  # a larger ratio of the extremes is drawn on a logarithmic axis


class DrawnFront(NamedTuple):
    """A front by two of its objectives: ``costs`` [points, 2], and the rows that another front beats."""

    label: str
    costs: Any
    beaten: frozenset[int]


def staircase(costs: Any) -> list[int]:
    """Rows of ``costs`` [points, 2] that no other beats in these two, from the left: the corners of the steps."""
    ordered = sorted(range(len(costs)), key=lambda row: tuple(costs[row]))
    corners, least = list[int](), float("inf")
    for row in ordered:
        if costs[row][1] < least:
            corners.append(row)
            least = costs[row][1]
    return corners


def is_wide(fronts: Sequence[DrawnFront], column: int) -> bool:
    """Whether an objective's figures lie so far apart that its axis is logarithmic."""
    return is_logarithmic([float(value) for front in fronts for value in front.costs[:, column]])


def is_logarithmic(values: Sequence[float]) -> bool:
    """Whether ``values`` lie so far apart that their axis is logarithmic."""
    known = [value for value in values if value == value]
    return bool(known) and min(known) > 0 and max(known) > _WIDE * min(known)


def key(front: DrawnFront, longest: int = 30) -> str:
    """A front's line in the key."""
    return (
        f"{shortened(front.label, longest)}: {counted(len(front.costs), 'point')}, {len(front.beaten)} beaten (hollow)"
    )


def fronts_drawing(name: str, title: str, axes_names: tuple[str, str], fronts: Sequence[DrawnFront]) -> Drawing:
    """A figure of the fronts: points that no other front beats are filled, those that one beats are hollow."""
    with canvas(name, 3.0 + 0.16 * len(fronts)) as figure:
        axes = figure.add_subplot()
        for place, front in enumerate(fronts):
            look, corners = mark(place), front.costs[staircase(front.costs)]
            axes.step(
                corners[:, 0], corners[:, 1], where="post", linewidth=1, color=look.color, linestyle=look.line
            )  # fmt: skip
            edge: dict[str, Any] = {"markeredgecolor": "black", "markeredgewidth": 0.6, "markersize": 6}
            for row, (x, y) in enumerate(front.costs):
                face = "white" if row in front.beaten else look.color
                axes.plot(x, y, look.shape, color=look.color, markerfacecolor=face, **edge)
            axes.plot([], [], label=key(front), marker=look.shape, color=look.color, linestyle=look.line, **edge)
        axes.margins(0.06)
        for axis, column in ((axes.xaxis, 0), (axes.yaxis, 1)):
            if is_wide(fronts, column):
                (axes.set_xscale if column == 0 else axes.set_yscale)("log")
                axis.set_minor_formatter("")
            axis.set_major_formatter(lambda value, _: prefixed(float(value), 3))
        axes.set_xlabel(axes_names[0])
        axes.set_ylabel(axes_names[1])
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.set_title(title)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=1)
        return drawn(
            figure, title, "; ".join(f"{front.label}: {counted(len(front.costs), 'point')}" for front in fronts)
        )
