"""A sweep's points under the pointer: fronts, tornados, the map of bottlenecks. `parallel` has the lines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from nnasim.sweeps.settings import chip_options
from reports.chart import INK, PAPER, Chart, Columns, Entry, Legend, Spec
from reports.charts.bars import Bar, bars
from reports.charts.parts import ACROSS, HIDDEN, SHOWN, colored, measured, told, tooltip
from reports.figures.fronts import is_logarithmic, staircase
from reports.figures.style import BLUE, GREY, SKY, Look
from reports.figures.sweep import (
    MOST_LINES,
    PARTS,
    bottleneck_finding,
    front_finding,
    scaled,
    spread,
    swing_finding,
    swing_unit,
    tick,
)
from reports.point import axis_text, bare, figure_text, with_unit
from reports.text import number

if TYPE_CHECKING:
    import pandas as pd

    from nnasim.sweeps.frames import StoredSweep

MOST_POINTS = 2000  # under the pointer, half of them on the front
MOST_VALUES = 20_000  # of all points, axis by axis and figure by figure
ROWS = "points"
BEATEN, FRONT = "beaten by another", "beaten by none"
RANGES = "ranges"
"""The signal in which charts over ``ROWS`` share what is chosen on their axes: a stretch of each, or nothing."""
_HEIGHT = 260
_CELL = 24
_LOOK = Look("reach", SKY, "")


def names_of(stored: StoredSweep) -> list[str]:
    """Everything that a point's line goes through: axes, then objectives."""
    return [*stored.axes, *stored.objectives]


def most_points(names: Sequence[str]) -> int:
    """The most points that may be under the pointer, so that a page of many axes is no larger than one of few."""
    return max(2, min(MOST_POINTS, MOST_VALUES // len(names)))


def point_columns(stored: StoredSweep, front: pd.DataFrame) -> Columns:
    """Points and the front. Of each of ``names_of``: its text (t), its place from 0 to 1 (s); of figures the value (v).

    Beside them the options of each point of the front.
    """
    import pandas as pd

    good, names, judged = stored.good, names_of(stored), stored.objectives
    most = most_points(names)
    best = spread(front, most // 2)
    others = spread(good[~good["key"].isin(front["key"])], most - len(best))
    drawn = pd.concat([others, best])
    on_front = [False] * len(others) + [True] * len(best)
    step = max(1, -(-len(drawn) // MOST_LINES))
    options = [
        chip_options(stored.job, row) if of_front else ""
        for row, of_front in zip(_points(stored, drawn), on_front, strict=True)
    ]
    return {
        **{f"v{n}": [bare(value) for value in drawn[name]] for n, name in enumerate(names) if name in judged},
        **{f"t{n}": [_text(name, value, judged) for value in drawn[name]] for n, name in enumerate(names)},
        **{f"s{n}": _places(drawn[name], good[name]) for n, name in enumerate(names)},
        "series": [FRONT if of_front else BEATEN for of_front in on_front],
        "lined": [of_front or place % step == 0 for place, of_front in enumerate(on_front)],
        "options": options,
    }


def _points(stored: StoredSweep, drawn: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        dict(zip(stored.axes, map(bare, row), strict=True))
        for row in drawn[stored.axes].itertuples(index=False, name=None)
    ]


def shown(stored: StoredSweep, name: str, value: Any) -> str:
    """A value of one of ``names_of`` as a reader sees it."""
    return _text(name, value, stored.objectives)


def _text(name: str, value: Any, judged: Collection[str]) -> str:
    return figure_text(name, value) if name in judged else axis_text(name, value)


def _places(values: Any, everything: Any) -> list[float | None]:
    return [None if place != place else round(float(place), 5) for place in scaled(values, everything)]


def point_tooltip(names: Sequence[str]) -> list[Spec]:
    """A line for every axis and objective."""
    return [{"field": f"t{n}", "type": "nominal", "title": name} for n, name in enumerate(names)]


def inside(names: Sequence[str]) -> str:
    """Whether a point lies within every stretch of ``RANGES``."""
    tests = (f"(!length({RANGES}[{n}]) || inrange(datum.s{n}, {RANGES}[{n}]))" for n in range(len(names)))
    return " && ".join(tests)


def front_chart(stored: StoredSweep, front: pd.DataFrame, points: Columns, x: str, y: str) -> tuple[Chart, ...]:
    """Every point by two objectives, those that none beats in these two joined; a click opens a point's options."""
    names = names_of(stored)
    across, upwards = (f"v{names.index(name)}" for name in (x, y))
    rows = f"steps{names.index(x)}-{names.index(y)}"
    corners = front[[x, y]].to_numpy()
    corners = corners[staircase(corners)]
    entries = Legend(
        (
            Entry(BEATEN, f"{len(stored.good):,} points", GREY),
            Entry(FRONT, f"{len(front):,} not beaten", BLUE),
        )
    )
    spec: Spec = {
        **ACROSS,
        "height": _HEIGHT,
        "params": [HIDDEN, {"name": RANGES, "value": [[] for _ in names]}],
        "data": {"name": ROWS},
        "encoding": {
            "x": measured(across, with_unit(x), stored.good[x], log=is_logarithmic(stored.good[x].tolist())),
            "y": measured(upwards, with_unit(y), stored.good[y], log=is_logarithmic(stored.good[y].tolist())),
            "color": colored(entries),
        },
        "layer": [
            {
                "data": {"name": rows},
                "transform": [SHOWN],
                "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 1, "aria": False,
                         "tooltip": None},
            },
            _dots(BEATEN, 24, 0, names),
            _dots(FRONT, 60, 0.6, names),
        ],
    }  # fmt: skip
    drawn, every = len(points["series"]), len(stored.good)
    thinned = "" if drawn == every else f"; {drawn:,} of {every:,} points are drawn"
    title = front_finding(stored.good, front, x, y, len(stored.objectives))
    steps: Columns = {
        across: [float(at) for at in corners[:, 0]],
        upwards: [float(at) for at in corners[:, 1]],
        "series": [FRONT] * len(corners),
    }
    return (Chart(f"{title}{thinned}", spec, {ROWS: points, rows: steps}, legend=entries, copies="options"),)


def _dots(which: str, size: int, stroke: float, names: Sequence[str]) -> Spec:
    """The points of the front, or the others; faint where another chart has chosen others."""
    mark = {"type": "point", "filled": True, "cursor": "pointer", "size": size, "stroke": {"expr": INK}}
    dimmed = {"condition": {"test": inside(names), "value": 1}, "value": 0.08}
    return {
        "transform": [SHOWN, {"filter": f"datum.series === '{which}'"}],
        "mark": {**mark, "strokeWidth": stroke},
        "encoding": {"opacity": dimmed, "tooltip": point_tooltip(names)},
    }


def tornado_chart(name: str, swings: pd.DataFrame, objective: str) -> tuple[Chart, ...]:
    """A bar per axis, as wide as it moves the objective alone."""
    rows = swings.to_dict("records")
    stretches = [
        Bar(n, row["low"], row["high"], _LOOK, (row["axis"], number(row["low"], 4), number(row["high"], 4)))
        for n, row in enumerate(rows)
    ]
    if not rows:
        return ()
    title, unit, names = swing_finding(swings, objective), swing_unit(objective), [row["axis"] for row in rows]
    return (bars(name, title, unit, names, stretches, ("axis", "lowest", "highest")),)


def bottleneck_chart(name: str, cells: pd.DataFrame, across: str, upwards: str) -> tuple[Chart, ...]:
    """A map of the busiest part over two axes; a letter in each cell shows it without colour."""
    columns, index = (
        [tick(name, value) for value in values.tolist()]
        for name, values in ((across, cells.columns), (upwards, cells.index))
    )
    rows = [
        (place, height, str(part), columns[place], index[height])
        for height, line in enumerate(cells.to_numpy())
        for place, part in enumerate(line)
        if str(part) in PARTS
    ]
    parts = sorted({part for _, _, part, *_ in rows})
    entries = Legend(tuple(Entry(part, f"{PARTS[part][1]} {part}", PARTS[part][0]) for part in parts))
    headings = ("busiest", across, upwards)
    spec: Spec = {
        **ACROSS,
        "height": _CELL * len(index),
        "params": [HIDDEN, {"name": "columns", "value": columns}, {"name": "index", "value": index}],
        "data": {"name": name},
        "transform": [SHOWN],
        "encoding": {
            "x": {"field": "across", "type": "ordinal", "title": across, "scale": {"domain": list(range(len(columns)))},
                  "axis": {"labelAngle": -45, "labelExpr": "columns[datum.value]"}},
            "y": {"field": "upwards", "type": "ordinal", "title": upwards,
                  "scale": {"domain": list(range(len(index)))[::-1]}, "axis": {"labelExpr": "index[datum.value]"}},
        },
        "layer": [
            {"mark": {"type": "rect", "stroke": {"expr": PAPER}},
             "encoding": {"color": colored(entries), "tooltip": tooltip(headings)}},
            {"mark": {"type": "text", "aria": False, "tooltip": None, "color": "#111"},
             "encoding": {"text": {"field": "letter", "type": "nominal"}}},
        ],
    }  # fmt: skip
    cell_columns: Columns = {
        "across": [place for place, *_ in rows],
        "upwards": [height for _, height, *_ in rows],
        "series": [part for _, _, part, *_ in rows],
        "letter": [PARTS[part][1] for _, _, part, *_ in rows],
        **told(
            {
                "busiest": [part for _, _, part, *_ in rows],
                across: [column for *_, column, _ in rows],
                upwards: [row for *_, row in rows],
            }
        ),
    }
    return (Chart(bottleneck_finding(cells), spec, {name: cell_columns}, legend=entries),) if rows else ()
