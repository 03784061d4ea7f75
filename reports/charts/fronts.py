"""Pareto fronts of several sweeps under the pointer: each point's chip, what beats it, and its options to copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reports.chart import INK, PAPER, Chart, Columns, Entry, Legend, Spec
from reports.charts.parts import (
    ACROSS,
    HIDDEN,
    SHOWN,
    VEGA_SHAPES,
    colored,
    dashed,
    measured,
    of_theme,
    shaped,
    told,
    tooltip,
)
from reports.figures.fronts import DrawnFront, is_wide, key, staircase
from reports.figures.style import mark

_HEIGHT = 300


class PointWords(NamedTuple):
    """The words about a point: texts for the tooltip, and the options of its chip."""

    tells: tuple[str, ...]
    options: str


def fronts_chart(
    name: str,
    title: str,
    axes_names: tuple[str, str],
    fronts: Sequence[DrawnFront],
    points: Sequence[Sequence[PointWords]],
    headings: Sequence[str],
) -> tuple[Chart, ...]:
    """The chart of the fronts; ``points``: the words about each point of each, under ``headings``."""
    looks = [mark(place) for place in range(len(fronts))]
    entries = Legend(
        tuple(
            Entry(str(place), key(front, 40), of_theme(look.color))
            for place, (front, look) in enumerate(zip(fronts, looks, strict=True))
        )
    )
    shapes = shaped(entries, [VEGA_SHAPES[look.shape] for look in looks])
    said = {"tooltip": tooltip(headings), "shape": shapes}
    point = {"type": "point", "size": 70, "opacity": 1, "cursor": "pointer"}
    spec: Spec = {
        **ACROSS,
        "height": _HEIGHT,
        "params": [HIDDEN],
        "data": {"name": name},
        "transform": [SHOWN],
        "encoding": {
            "x": measured("x", axes_names[0], _column(fronts, 0), log=is_wide(fronts, 0)),
            "y": measured("y", axes_names[1], _column(fronts, 1), log=is_wide(fronts, 1)),
            "color": colored(entries),
        },
        "layer": [
            {
                "transform": [{"filter": "datum.corner"}],
                "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 1.2, "aria": False,
                         "tooltip": None},
                "encoding": {"strokeDash": dashed(entries, [look.line for look in looks])},
            },
            {
                "transform": [{"filter": "datum.hollow"}],
                "mark": {**point, "filled": False, "fill": {"expr": PAPER}, "strokeWidth": 1.5},
                "encoding": said,
            },
            {
                "transform": [{"filter": "!datum.hollow"}],
                "mark": {**point, "filled": True, "stroke": {"expr": INK}, "strokeWidth": 0.7},
                "encoding": said,
            },
        ],
    }  # fmt: skip
    return (Chart(title, spec, {name: _columns(fronts, points, headings)}, legend=entries, copies="options"),)


def _column(fronts: Sequence[DrawnFront], column: int) -> list[float]:
    return [float(value) for front in fronts for value in front.costs[:, column]]


def _columns(
    fronts: Sequence[DrawnFront], points: Sequence[Sequence[PointWords]], headings: Sequence[str]
) -> Columns:  # fmt: skip
    rows = [(place, row) for place, front in enumerate(fronts) for row in range(len(front.costs))]
    words = [word for front_points in points for word in front_points]
    corners = {(place, row) for place, front in enumerate(fronts) for row in staircase(front.costs)}
    return {
        "series": [str(place) for place, _ in rows],
        "x": [float(fronts[place].costs[row][0]) for place, row in rows],
        "y": [float(fronts[place].costs[row][1]) for place, row in rows],
        "corner": [at in corners for at in rows],
        "hollow": [row in fronts[place].beaten for place, row in rows],
        "options": [word.options for word in words],
        **told({heading: [word.tells[n] for word in words] for n, heading in enumerate(headings)}),
    }
