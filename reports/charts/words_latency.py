"""Words wrong against time waited: one mark per result, both with how sure they are."""

from __future__ import annotations

from collections.abc import Mapping

from reports.chart import INK, Chart, Columns, Spec
from reports.charts.parts import ACROSS, HIDDEN, SHOWN, VEGA_SHAPES, colored, marked, shaped, told, tooltip
from reports.figures.style import mark
from reports.figures.words_latency import UNITS, Scored, finding, is_wide, scored
from reports.summary import SystemFigures
from reports.text import number

_HEIGHT = 260
_HEADINGS = ("result", "WER [%]", "95 % interval", "engine latency, mean [ms]", "p90 [ms]")


def words_latency_chart(name: str, systems: Mapping[str, SystemFigures]) -> tuple[Chart, ...]:
    """WER with its interval over the mean engine latency, a line to its p90; none for fewer than two."""
    rows = scored(systems)
    if not rows:
        return ()
    entries = marked([row.label for row in rows])
    shapes = [VEGA_SHAPES[mark(place).shape] for place in range(len(rows))]
    scale = {"type": "log", "padding": 12} if is_wide(rows) else {"zero": True}
    along = {"type": "quantitative", "title": UNITS[0], "scale": scale}
    upwards = {"type": "quantitative", "title": UNITS[1], "scale": {"zero": True}}
    rule = {"type": "rule", "aria": False, "strokeWidth": 1.2}
    spec: Spec = {
        **ACROSS,
        "height": _HEIGHT,
        "params": [HIDDEN],
        "data": {"name": name},
        "transform": [SHOWN],
        "encoding": {"x": {"field": "mean", **along}, "y": {"field": "wer", **upwards}, "color": colored(entries)},
        "layer": [
            {"mark": rule, "encoding": {"y": {"field": "low", **upwards}, "y2": {"field": "high"}}},
            {"mark": rule, "encoding": {"x2": {"field": "p90"}}},
            {
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1, "stroke": {"expr": INK},
                         "strokeWidth": 0.7},
                "encoding": {"shape": shaped(entries, shapes), "tooltip": tooltip(_HEADINGS)},
            },
        ],
    }  # fmt: skip
    tells = [_tells(row) for row in rows]
    columns: Columns = {
        "series": [row.label for row in rows],
        **{field: [getattr(row, field) for row in rows] for field in ("wer", "low", "high", "mean", "p90")},
        **told({heading: [tell[n] for tell in tells] for n, heading in enumerate(_HEADINGS)}),
    }
    return (Chart(finding(rows), spec, {name: columns}, legend=entries),)


def _tells(row: Scored) -> tuple[str, ...]:
    between = f"{row.low:.2f} to {row.high:.2f}"
    return row.label, f"{row.wer:.2f}", between, number(row.mean, 4), number(row.p90, 4)
