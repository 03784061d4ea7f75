"""Bars that begin and end anywhere on their rows, for shares, waterfalls, tornados and time lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reports.chart import INK, Chart, Columns, Spec
from reports.charts.parts import ACROSS, HIDDEN, SHOWN, colored, legend, named_rows, prefixed_axis, told, tooltip
from reports.figures.style import Look

_STEP = 22  # pixels a row
_CHARACTER, _GAP = 7, 8  # pixels of a character behind a bar, and of what is around the words
_LEAST_BARS = 0.3  # of the width, whatever the words take
OF_WHOLE = (0, 20, 40, 60, 80, 100)
"""Ticks of an axis of percentages, which ends with the whole: behind it is room for words."""


class Bar(NamedTuple):
    """A stretch of row ``row``; ``tells`` are the tooltip's texts."""

    row: int
    start: float
    end: float
    look: Look
    tells: tuple[str, ...]


class Mark(NamedTuple):
    """Words at a place of a row."""

    row: int
    at: float
    words: str


class Reach(NamedTuple):
    """The amounts by which a row's sum may be lower or higher."""

    row: int
    low: float
    high: float


def bars(
    name: str,
    title: str,
    unit: str,
    rows: Sequence[str],
    stretches: Sequence[Bar],
    headings: Sequence[str],
    *,
    looks: Sequence[Look] | None = None,
    marks: Sequence[Mark] = (),
    reaches: Sequence[Reach] = (),
    domain: tuple[float, float] | None = None,
    ticks: Sequence[float] = (),
    line: float | None = None,
    zooms: bool = False,
) -> Chart:
    """Bars over ``rows`` from the top; ``line``: one across all rows; ``zooms``: Shift with wheel or pointer.

    ``domain``: what the bars reach; words of ``marks`` have room of their own behind it.
    """
    key = legend(dict.fromkeys(bar.look for bar in stretches) if looks is None else looks)
    names, upwards = named_rows(rows)
    scale = _scale(domain, max((len(mark.words) for mark in marks), default=0))
    along = {"field": "start", "type": "quantitative", "title": unit, "scale": scale, **_axis(ticks, stretches)}
    spec: Spec = {
        **ACROSS,
        "height": _STEP * len(rows),
        "params": [HIDDEN, names],
        "encoding": {"y": upwards},
        "layer": [
            {
                "data": {"name": name},
                "transform": [SHOWN],
                "params": [_ZOOM] if zooms else [],
                "mark": {"type": "bar", "stroke": {"expr": INK}, "strokeWidth": 0.2 if zooms else 0.5, "clip": zooms},
                "encoding": {
                    "x": along, "x2": {"field": "end"}, "color": colored(key), "tooltip": tooltip(headings),
                },
            },
            *_reach_lines(name, reaches),
            *_words(name, marks),
            *_line(line),
        ],
    }  # fmt: skip
    return Chart(
        title,
        spec,
        {name: _columns(stretches, headings), **_mark_data(name, marks), **_reach_data(name, reaches)},
        legend=key if len(key.entries) > 1 else None,
    )


_ZOOM: Spec = {
    "name": "zoom",
    "select": {
        "type": "interval", "encodings": ["x"], "zoom": "wheel![event.shiftKey]", "clear": "dblclick",
        "translate": "[pointerdown[event.shiftKey], window:pointerup] > window:pointermove!",
    },
    "bind": "scales",
}  # fmt: skip


def _axis(ticks: Sequence[float], stretches: Sequence[Bar]) -> Spec:
    """The axis along the bars, with a number at each of ``ticks``, if there are any."""
    if ticks:
        return {"axis": {"values": list(ticks)}}
    return prefixed_axis(end for bar in stretches for end in (bar.start, bar.end))


def _scale(domain: tuple[float, float] | None, longest: int) -> Spec:
    """The scale along the bars; behind its end is room for ``longest`` characters, however narrow the page is."""
    if domain is None:
        return {"zero": False}
    low, high = map(float, domain)
    left = f"max(width - {_CHARACTER * longest + _GAP}, {_LEAST_BARS} * width)" if longest else "width"
    return {
        "domainMin": low,
        "domainMax": {"expr": f"{low!r} + {high - low!r} * (width ? width / {left} : 1)"},
        "nice": False,
    }


def _columns(stretches: Sequence[Bar], headings: Sequence[str]) -> Mapping[str, Sequence[object]]:
    return {
        "row": [bar.row for bar in stretches],
        "start": [float(bar.start) for bar in stretches],
        "end": [float(bar.end) for bar in stretches],
        "series": [bar.look.label for bar in stretches],
        **told({heading: [bar.tells[n] for bar in stretches] for n, heading in enumerate(headings)}),
    }


def _words(name: str, marks: Sequence[Mark]) -> list[Spec]:
    mark = {"type": "text", "align": "left", "dx": 4, "aria": False, "tooltip": None}
    encoding = {"x": {"field": "at", "type": "quantitative"}, "text": {"field": "words", "type": "nominal"}}
    return [{"data": {"name": f"{name}-words"}, "mark": mark, "encoding": encoding}] if marks else []


def _mark_data(name: str, marks: Sequence[Mark]) -> Mapping[str, Columns]:
    columns: Columns = {
        "row": [mark.row for mark in marks],
        "at": [float(mark.at) for mark in marks],
        "words": [mark.words for mark in marks],
    }
    return {f"{name}-words": columns} if marks else {}


def _reach_lines(name: str, reaches: Sequence[Reach]) -> list[Spec]:
    ends = [{"field": end, "type": "quantitative"} for end in ("low", "high")]
    tick = {"type": "tick", "color": {"expr": INK}, "thickness": 1.5, "size": 10, "aria": False}
    rule = {"type": "rule", "color": {"expr": INK}, "strokeWidth": 1.2, "aria": False}
    layers = [
        {"mark": rule, "encoding": {"x": ends[0], "x2": {"field": "high"}}},
        *({"mark": tick, "encoding": {"x": end}} for end in ends),
    ]
    return [{"data": {"name": f"{name}-reaches"}, **layer} for layer in layers] if reaches else []


def _reach_data(name: str, reaches: Sequence[Reach]) -> Mapping[str, Columns]:
    columns: Columns = {field: [getattr(reach, field) for reach in reaches] for field in Reach._fields}
    return {f"{name}-reaches": columns} if reaches else {}


def _line(at: float | None) -> list[Spec]:
    if at is None:
        return []
    mark = {"type": "rule", "color": {"expr": INK}, "aria": False}
    return [{"data": {"values": [{}]}, "mark": mark, "encoding": {"x": {"datum": at}, "y": None}}]
