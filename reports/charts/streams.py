"""The number of streams that each chip carries: the latest frames over the number of streams, and the deadlines."""

from __future__ import annotations

from collections.abc import Mapping

from nnasim.ir.shared import Search
from reports.chart import INK, PAPER, Chart, Columns, Entry, Legend, Spec
from reports.charts.parts import ACROSS, HIDDEN, SHOWN, VEGA_SHAPES, colored, dashed, marked, shaped, told, tooltip
from reports.figures.streams import LATE, UNITS, curve, finding
from reports.figures.style import mark
from reports.text import number, shortened

_HEIGHT = 280
_HEADINGS = ("chip", "streams", "p99 of frame latency [ms]", "deadline [ms]")


def streams_chart(name: str, searches: Mapping[str, Search]) -> tuple[Chart, ...]:
    """A chart of p99 of frame latency over the number of streams, up to some times the deadline; empty if none was
    tried.
    """
    rows = [(label, *at) for label, search in searches.items() for at in curve(search)]
    if not rows:
        return ()
    looks = [mark(place) for place in range(len(searches))]
    labelled = marked(list(searches)).entries
    entries = Legend(
        tuple(
            Entry(entry.value, f"{shortened(entry.value, 50)}: {search.most} in time", entry.color)
            for entry, search in zip(labelled, searches.values(), strict=True)
        )
    )
    limits = sorted({search.deadline_ms for search in searches.values()})
    top = LATE * max(limits)
    along = {"field": "streams", "type": "quantitative", "title": UNITS[0], "scale": {"zero": True, "nice": False},
             "axis": {"tickMinStep": 1, "format": "d"}}  # fmt: skip
    upwards = {"type": "quantitative", "title": UNITS[1], "scale": {"domain": [0, top], "nice": False}}
    ms = {"field": "ms", **upwards}
    spec: Spec = {
        **ACROSS,
        "height": _HEIGHT,
        "params": [HIDDEN],
        "layer": [
            *_lines(limits, upwards),
            {
                "data": {"name": name},
                "transform": [SHOWN],
                "encoding": {"x": along, "y": ms, "color": colored(entries)},
                "layer": [
                    {
                        "mark": {"type": "line", "clip": True, "aria": False},
                        "encoding": {"strokeDash": dashed(entries, [look.line for look in looks])},
                    },
                    {
                        "transform": [{"filter": f"datum.ms <= {top!r}"}],
                        "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1, "stroke": {"expr": INK},
                                 "strokeWidth": 0.7},
                        "encoding": {
                            "shape": shaped(entries, [VEGA_SHAPES[look.shape] for look in looks]),
                            "tooltip": tooltip(_HEADINGS),
                        },
                    },
                ],
            },
            *_words(limits, upwards),
        ],
    }  # fmt: skip
    columns: Columns = {
        "series": [label for label, *_ in rows],
        "streams": [streams for _, streams, _ in rows],
        "ms": [ms for *_, ms in rows],
        **told(
            {
                "chip": [label for label, *_ in rows],
                "streams": [f"{streams:,}" for _, streams, _ in rows],
                "p99": [number(ms, 4) for *_, ms in rows],
                "deadline": [number(searches[label].deadline_ms) for label, *_ in rows],
            }
        ),
    }
    return (Chart(finding(searches), spec, {name: columns}, legend=entries),)


def _lines(limits: list[float], upwards: Spec) -> list[Spec]:
    rule = {"type": "rule", "color": {"expr": INK}, "aria": False}
    return [{"data": _at(limits), "mark": rule, "encoding": {"y": {"field": "limit", **upwards}}}]


def _words(limits: list[float], upwards: Spec) -> list[Spec]:
    """The label of each deadline, at its line's left end, with background around it if curves pass below."""
    text = {"type": "text", "align": "left", "dx": 4, "dy": -8, "aria": False, "tooltip": None}
    halo = {"color": {"expr": PAPER}, "stroke": {"expr": PAPER}, "strokeWidth": 4}
    encoding = {"x": {"value": 0}, "y": {"field": "limit", **upwards}, "text": {"field": "words", "type": "nominal"}}
    return [{"data": _at(limits), "mark": {**text, **look}, "encoding": encoding} for look in (halo, {})]


def _at(limits: list[float]) -> Spec:
    return {"values": [{"limit": limit, "words": f"deadline {number(limit)} ms"} for limit in limits]}
