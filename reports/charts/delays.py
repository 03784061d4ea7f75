"""Word errors against the delay of words: one line per system, one point per penalty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.chart import INK, Chart, Columns, Entry, Legend, Spec
from reports.charts.parts import ACROSS, HIDDEN, SHOWN, VEGA_SHAPES, colored, measured, shaped, told, tooltip
from reports.figures.delays import MARKS, Delayed, finding
from reports.text import number

_HEIGHT = 260
_HEADINGS = ("system", "penalty", "delay, median [ms]", "WER [%]", "95 % interval")


def delay_chart(name: str, systems: Mapping[str, Sequence[Delayed]]) -> tuple[Chart, ...]:
    """Word errors against the delay of words: left is sooner, below is better; each point is a penalty."""
    entries = Legend(tuple(Entry(system, system, MARKS[system][1]) for system in systems))
    rows = [(system, point) for system, points in systems.items() for point in points]
    points = [point for _, point in rows]
    along = measured("delay", "from a word's end to its symbol, median [ms]", [point.delay_ms for point in points])
    rates = [rate for point in points for rate in point.words]
    upwards, low = (measured(field, "word error rate [%]", rates) for field in ("wer", "low"))
    spec: Spec = {
        **ACROSS,
        "height": _HEIGHT,
        "params": [HIDDEN],
        "data": {"name": name},
        "transform": [SHOWN],
        "encoding": {"x": along, "color": colored(entries)},
        "layer": [
            {
                "mark": {"type": "line", "aria": False},
                "encoding": {"y": upwards, "order": {"field": "place"}},
            },
            {
                "mark": {"type": "rule", "aria": False},
                "encoding": {"y": low, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1, "stroke": {"expr": INK}},
                "encoding": {
                    "y": upwards, "tooltip": tooltip(_HEADINGS),
                    "shape": shaped(entries, [VEGA_SHAPES[MARKS[system][0]] for system in systems]),
                },
            },
        ],
    }  # fmt: skip
    texts = [
        (system, f"{point.penalty:g}", number(point.delay_ms), number(point.words.value),
         f"{number(point.words.low)} to {number(point.words.high)}")
        for system, point in rows
    ]  # fmt: skip
    columns: Columns = {
        "series": [system for system, _ in rows],
        "place": list(range(len(rows))),
        "delay": [point.delay_ms for _, point in rows],
        "wer": [point.words.value for _, point in rows],
        "low": [point.words.low for _, point in rows],
        "high": [point.words.high for _, point in rows],
        **told({heading: [text[n] for text in texts] for n, heading in enumerate(_HEADINGS)}),
    }
    return (Chart(finding(systems), spec, {name: columns}, legend=entries),)
