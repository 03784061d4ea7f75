"""Parallel coordinates: a line per point of a sweep, and a stretch to choose on every axis, in Vega's own words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from reports.chart import INK, SHADE, SOFT, Chart, Columns, Range, Spec
from reports.charts.sweep import BEATEN, FRONT, RANGES, ROWS, inside, names_of, shown
from reports.figures.style import BLUE
from reports.figures.sweep import scaled
from reports.text import shortened

if TYPE_CHECKING:
    from nnasim.sweeps.frames import StoredSweep

_HEIGHT = 260
_LONGEST = 24
MOST_STOPS = 60  # of the controls that choose a stretch without a pointer
_INSIDE = "inside"
_BEATEN, _BEST = "inside-beaten", "inside-best"
_THINNEST = 0.01  # of an axis: a shorter stretch is a click, which lets go


def parallel_chart(stored: StoredSweep, points: Columns) -> tuple[Chart, ...]:
    """Lines across axes and objectives, each from its lowest to its highest value; the front is drawn dark."""
    names = names_of(stored)
    spec: Spec = {
        "height": _HEIGHT,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 14, "right": 18, "top": 4, "bottom": 4},  # the first name begins left of its axis
        "signals": [_width(), *(_stretch(n) for n in range(len(names))), _all_of(names)],
        "data": [
            {"name": ROWS},
            {"name": "lines", "source": ROWS, "transform": [{"type": "filter", "expr": "datum.lined"}]},
            {"name": _INSIDE, "source": "lines", "transform": [{"type": "filter", "expr": inside(names)}]},
            *(_of(series, data) for data, series in ((_BEATEN, BEATEN), (_BEST, FRONT))),
            {"name": "axes", "values": [{"name": shortened(name, _LONGEST)} for name in names]},
        ],
        "scales": [
            {"name": "x", "type": "point", "domain": list(range(len(names))), "range": "width", "padding": 0.3},
            {"name": "y", "type": "linear", "domain": [0, 1], "range": "height"},
        ],
        "axes": [
            {"orient": "bottom", "scale": "x", "domain": False, "ticks": False, "labelAngle": -35,
             "labelAlign": "right", "labelLimit": 150, "labelBaseline": "top", "labelPadding": 8,
             "encode": {"labels": {"update": {"text": {"signal": "data('axes')[datum.value].name"}}}}},
            {"orient": "left", "scale": "y", "values": [0, 1], "domain": False, "ticks": False,
             "encode": {"labels": {"update": {"text": {"signal": "datum.value ? 'highest' : 'lowest'"}}}}},
        ],
        "marks": [*_lines(names), *(mark for n in range(len(names)) for mark in _axis(n))],
    }  # fmt: skip
    ranges = tuple(_range(stored, n, name) for n, name in enumerate(names))
    title = f"Dark: not beaten by any other point. Drag along an axis to choose{_thinned(points)}"
    chart = Chart(
        title, spec, {ROWS: points}, language="vega", ranges=ranges, counted=_INSIDE, copies="options",
    )  # fmt: skip
    return (chart,)


def _thinned(points: Columns) -> str:
    lined, every = sum(points["lined"]), len(points["lined"])
    return "" if lined == every else f"; {lined:,} of {every:,} points are drawn"


def _width() -> Spec:
    width = "max(containerSize()[0], 200)"
    return {
        "name": "width", "init": width,
        "on": [{"update": width, "events": "window:resize"}],
    }  # fmt: skip


def _stretch(n: int) -> Spec:
    """The selection on axis ``n``: two places from 0 to 1, or none."""
    place, name = "clamp(invert('y', y()), 0, 1)", f"stretch{n}"
    dragged = f"[@axis{n}:pointerdown, window:pointerup] > window:pointermove!"
    return {
        "name": name,
        "value": [],
        "on": [
            {"events": f"@axis{n}:pointerdown", "update": f"[{place}, {place}]"},
            {"events": dragged, "update": f"[{name}[0], {place}]"},
            {"events": "window:pointerup",
             "update": f"length({name}) && abs({name}[0] - {name}[1]) < {_THINNEST} ? [] : {name}"},
        ],
    }  # fmt: skip


def _of(series: str, name: str) -> Spec:
    """The rows of ``series`` that are inside of every stretch."""
    return {"name": name, "source": _INSIDE, "transform": [{"type": "filter", "expr": f"datum.series === '{series}'"}]}


def _all_of(names: Sequence[str]) -> Spec:
    return {"name": RANGES, "update": f"[{', '.join(f'stretch{n}' for n in range(len(names)))}]"}


def _lines(names: Sequence[str]) -> list[Spec]:
    """All lines faint, then those that are inside of every stretch, the front's last and dark."""
    return [
        _line("lines", names, {"signal": SOFT}, 0.8, tells=False),
        _line(_BEATEN, names, {"signal": SHADE}, 1),
        _line(_BEST, names, {"value": BLUE}, 1.6),
    ]


def _line(data: str, names: Sequence[str], color: Spec, width: float, *, tells: bool = True) -> Spec:
    """A path per row of ``data``, which says what it is to pointer and keys if it ``tells``."""
    place = "(isValid(datum.s{n}) ? scale('y', datum.s{n}) : height + 8)"  # what is none lies below the lowest
    path = " + ".join(f"'{'L' if n else 'M'}' + scale('x', {n}) + ',' + {place.format(n=n)}" for n in range(len(names)))
    encode = {"path": {"signal": path}, "stroke": color, "strokeWidth": {"value": width}}
    if not tells:
        return {
            "type": "path",
            "from": {"data": data},
            "interactive": False,
            "aria": False,
            "encode": {"update": encode},
        }
    told = ", ".join(f"{json.dumps(name)}: datum.t{n}" for n, name in enumerate(names))
    said = " + '; ' + ".join(f"{json.dumps(f'{name}: ')} + datum.t{n}" for n, name in enumerate(names))
    update = {**encode, "tooltip": {"signal": f"{{{told}}}"}, "description": {"signal": said}}
    hover = {"stroke": {"signal": INK}, "strokeWidth": {"value": 3}}
    return {"type": "path", "from": {"data": data}, "encode": {"update": update, "hover": hover}}


def _axis(n: int) -> list[Spec]:
    """The axis, its selection, and the strip under the pointer that selects."""
    across, stretch = {"scale": "x", "value": n}, f"stretch{n}"
    ends = {
        "y": {"signal": f"length({stretch}) ? scale('y', {stretch}[0]) : 0"},
        "y2": {"signal": f"length({stretch}) ? scale('y', {stretch}[1]) : 0"},
    }
    chosen = {**ends, "x": {**across, "offset": -7}, "width": {"value": 14}, "stroke": {"signal": INK},
              "fill": {"signal": INK}, "fillOpacity": {"value": 0.15},
              "opacity": {"signal": f"length({stretch}) ? 1 : 0"}}  # fmt: skip
    held = {"x": {**across, "offset": -11}, "width": {"value": 22}, "y": {"value": -8}, "y2": {"signal": "height + 8"},
            "fill": {"value": "transparent"}, "cursor": {"value": "ns-resize"}}  # fmt: skip
    line = {"x": across, "y": {"value": 0}, "y2": {"signal": "height"}, "stroke": {"signal": INK}}
    return [
        {"type": "rule", "interactive": False, "aria": False, "encode": {"update": line}},
        {"type": "rect", "interactive": False, "aria": False, "encode": {"update": chosen}},
        {"type": "rect", "name": f"axis{n}", "aria": False, "encode": {"update": held}},
    ]


def _range(stored: StoredSweep, n: int, name: str) -> Range:
    """The values of an axis, or as many of them as a control may have, with their places."""
    every = stored.good[name].dropna()
    values = sorted(every.unique(), key=str if every.dtype == object else None)
    step = max(1, -(-len(values) // MOST_STOPS))
    stops = [*values[:-1:step], *values[-1:]]
    places = scaled(pd.Series(stops), every)
    return Range(
        name,
        f"stretch{n}",
        tuple((shown(stored, name, stop), float(at)) for stop, at in zip(stops, places, strict=True)),
    )
