"""The distribution of latency: the share of utterances, or of frames, that end within a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nnasim.analysis.percentiles import PERCENTILES, at_shares
from reports.chart import INK, Chart, Columns, Entry, Legend, Spec
from reports.charts.parts import ACROSS, HIDDEN, SHOWN, colored, dashed, measured, told, tooltip
from reports.figures.latency import COLORS, LINE_DASHES, finding, is_wide, line_width, ordered
from reports.text import number, shortened

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_POINTS = 100  # of a curve
_LONGEST_LABEL = 60


def distribution_chart(kind: str, of: str, values_ms: Mapping[str, Sequence[float]]) -> tuple[Chart, ...]:
    """Cumulative distribution per label [ms], each of 100 quantiles under the pointer; none without values."""
    series = ordered(values_ms)
    if not series:
        return ()
    entries = Legend(
        tuple(
            Entry(label, shortened(label, _LONGEST_LABEL), COLORS[place % len(COLORS)])
            for place, label in enumerate(series)
        )
    )
    dashes = [LINE_DASHES[n % len(LINE_DASHES)] for n in range(len(series))]
    domain = [entry.value for entry in entries.entries]
    wide = _by_series(domain, [line_width(place) for place in range(len(series))])
    headings = ("result", f"{kind} latency [ms]", f"share of {of}")
    labels = {"0": "0", "50": "p50", "90": "p90", "99": "p99"}
    spec: Spec = {
        **ACROSS,
        "height": 220,
        "params": [HIDDEN, {"name": "ranks", "value": labels}],
        "data": {"name": kind},
        "transform": [SHOWN],
        "encoding": {
            "x": measured("ms", f"{kind} latency [ms]", _ends(series), log=is_wide(series)),
            "y": {
                "field": "share", "type": "quantitative", "title": f"share of {of}",
                "axis": {"values": [0, 50, 90, 99], "labelExpr": "ranks[datum.value]"},
            },
            "color": colored(entries),
        },
        "layer": [
            {
                "mark": {"type": "line", "aria": False},
                "encoding": {"strokeDash": dashed(entries, dashes), "strokeWidth": wide},
            },
            {
                "params": [_UNDER_POINTER],
                "mark": {"type": "point", "filled": True, "size": 90, "stroke": {"expr": INK}},
                "encoding": {
                    "opacity": {"condition": {"param": "near", "empty": False, "value": 1}, "value": 0},
                    "tooltip": tooltip(headings),
                },
            },
            {
                "transform": [{"filter": "datum.marked"}],
                "mark": {"type": "point", "filled": True, "size": 45, "stroke": {"expr": INK}, "aria": False},
            },
        ],
    }  # fmt: skip
    return (Chart(finding(kind, series), spec, {kind: _columns(series, headings)}, legend=entries),)


def _ends(series: Mapping[str, NDArray[np.float64]]) -> list[float]:
    """The shortest and the longest time of each of ``series``."""
    return [float(values[end]) for values in series.values() for end in (0, -1)]


def _by_series(domain: Sequence[str], values: Sequence[object]) -> Spec:
    """One of ``values`` for each series of ``domain``, in its order."""
    return {
        "field": "series", "type": "ordinal", "legend": None, "scale": {"domain": list(domain), "range": list(values)}
    }  # fmt: skip


_UNDER_POINTER: Spec = {
    "name": "near",
    "select": {"type": "point", "on": "pointerover", "nearest": False, "clear": "pointerout"},
}


def _columns(series: Mapping[str, NDArray[np.float64]], headings: Sequence[str]) -> Columns:
    shares = sorted({*map(float, range(_POINTS + 1)), *map(float, PERCENTILES)})
    rows = [
        (label, float(ms), share)
        for label, values in series.items()
        for ms, share in zip(at_shares(values, [share / 100 for share in shares]), shares, strict=True)
    ]
    labels = [label for label, *_ in rows]
    texts = (labels, [number(ms, 4) for _, ms, _ in rows], [f"{share:g} %" for *_, share in rows])
    return {
        "series": labels,
        "ms": [ms for _, ms, _ in rows],
        "share": [share for *_, share in rows],
        "marked": [share in PERCENTILES for *_, share in rows],
        **told(dict(zip(headings, texts, strict=True))),
    }
