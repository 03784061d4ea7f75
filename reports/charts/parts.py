"""The common parts of all charts: rows with names, tooltips, and a legend that filters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reports.chart import INK, PAPER, SOFT, Columns, Entry, Legend, Spec
from reports.figures.style import Look, mark
from reports.text import LARGE, shortened

_OF_THEME = {"#FFFFFF": PAPER, "#EEEEEE": SOFT, "#000000": INK}
SHOWN = {"filter": "indexof(hidden, datum.series) < 0"}
ACROSS: Spec = {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
"""As wide as the page has room for."""
HIDDEN: Spec = {"name": "hidden", "value": []}
PADDING = 12  # pixels between the frame and the outermost points of an axis that no round number ends
_LONGEST = 30  # the longest cause of a wait has as many characters

Tells = Mapping[str, Sequence[str]]
"""The text of marks' tooltips: a column of texts under each heading."""


def of_theme(color: str) -> str:
    """``color`` for the page's theme: white is its paper, which may be dark, and nearly white a shade of it."""
    return _OF_THEME.get(color, color)


def legend(looks: Iterable[Look]) -> Legend:
    """An entry for each look; its label is what the rows call their series."""
    return Legend(tuple(Entry(look.label, look.label, of_theme(look.color)) for look in looks))


def colored(entries: Legend) -> Spec:
    """The colour of a mark by its series."""
    # The page gives every chart parameters of the theme's names.
    ranged: list[Any] = [{"expr": e.color} if e.color in _OF_THEME.values() else e.color for e in entries.entries]
    scale = {"domain": [entry.value for entry in entries.entries], "range": ranged}
    return {"field": "series", "type": "nominal", "scale": scale, "legend": None}


VEGA_SHAPES = {
    "o": "circle", "s": "square", "^": "triangle-up", "D": "diamond", "v": "triangle-down", "P": "cross",
    "X": "M-1,-.6L-.6,-1L0,-.4L.6,-1L1,-.6L.4,0L1,.6L.6,1L0,.4L-.6,1L-1,.6L-.4,0Z",
    "*": "M0,-1L.24,-.32L.95,-.31L.38,.12L.59,.81L0,.4L-.59,.81L-.38,.12L-.95,-.31L-.24,-.32Z",
}  # fmt: skip
"""matplotlib's markers in Vega's words, or as paths."""
VEGA_DASHES = {"-": [1, 0], "--": [6, 3], "-.": [6, 2, 1, 2], ":": [2, 2]}
"""matplotlib's lines as lengths of ink and gap."""


def shaped(entries: Legend, shapes: Sequence[str]) -> Spec:
    """The shape of a mark by its series: it carries the meaning where colour is lost."""
    domain = [entry.value for entry in entries.entries]
    repeated = [shapes[place % len(shapes)] for place in range(len(domain))]
    return {"field": "series", "type": "nominal", "legend": None, "scale": {"domain": domain, "range": repeated}}


def dashed(entries: Legend, lines: Sequence[str]) -> Spec:
    """The dash of a line by its series, of matplotlib's ``lines``."""
    scale = {"domain": [entry.value for entry in entries.entries], "range": [VEGA_DASHES[line] for line in lines]}
    return {"field": "series", "type": "nominal", "legend": None, "scale": scale}


def marked(labels: Sequence[str], longest: int = 60) -> Legend:
    """An entry for each of ``labels``, in the colours of ``reports.figures.style.mark``."""
    return Legend(
        tuple(
            Entry(label, shortened(label, longest), of_theme(mark(place).color)) for place, label in enumerate(labels)
        )
    )


def tooltip(tells: Iterable[str]) -> list[Spec]:
    """One line per heading of ``tells``."""
    return [{"field": f"t{n}", "type": "nominal", "title": heading} for n, heading in enumerate(tells)]


def measured(field: str, title: str, values: Iterable[float], *, log: bool = False) -> Spec:
    """The axis of a measured column: with room around one value, and with decimal prefixes on large ones."""
    known = [float(value) for value in values if value == value]
    low, high = min(known, default=0.0), max(known, default=0.0)
    scale: Spec = {"type": "log", "nice": False, "padding": PADDING} if log else {"zero": False}
    if low == high:
        around = abs(low) / 10 or 1.0
        scale |= {"domain": [low - around, low + around]}
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, **prefixed_axis([low, high])}


def prefixed_axis(values: Iterable[float]) -> Spec:
    """An axis with decimal prefixes, where its ``values`` are large."""
    return {"axis": {"format": "~s"}} if max(map(abs, values), default=0) >= LARGE else {}


def told(tells: Tells) -> Columns:
    """The columns that ``tooltip`` reads."""
    return {f"t{n}": list(texts) for n, texts in enumerate(tells.values())}


def named_rows(names: Sequence[str], longest: int = _LONGEST) -> tuple[Spec, Spec]:
    """A parameter with the names of rows, and the axis of the column ``row`` that shows them: two may read alike."""
    parameter = {"name": "names", "value": [shortened(name, longest) for name in names]}
    axis = {"labelExpr": "names[datum.value]", "labelLimit": 210, "ticks": False, "domain": False}
    scale = {"domain": list(range(len(names)))}
    return parameter, {"field": "row", "type": "ordinal", "title": None, "axis": axis, "scale": scale}
