"""An interactive chart as data: a page's script draws it in place of a figure's picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from nnasim.allowed import unscaled
from nnasim.markup import visible

Spec = dict[str, Any]
Columns = Mapping[str, Sequence[Any]]
"""Rows by column, all of one length."""

# Words for colours that follow the page's theme.
INK, PAPER, SOFT, SHADE = "ink", "paper", "soft", "shade"


@dataclass(frozen=True)
class Entry:
    """An entry of a legend: its value in the rows, its words and its colour."""

    value: str
    label: str
    color: str


@dataclass(frozen=True)
class Legend:
    """Entries that a reader may hide: their values are then in the signal ``hidden``."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Slider:
    """A control that only stops at ``stops``, by their words; the stop's place is in the signal ``signal``."""

    label: str
    signal: str
    stops: tuple[str, ...]
    start: int = 0


@dataclass(frozen=True)
class Range:
    """A stretch of an axis: two controls over ``stops``, by their words and their places from 0 to 1."""

    label: str
    signal: str
    stops: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Chart:
    """A chart: its specification ``spec`` for a page's script, and rows of ``data``, which charts may share by name.

    ``language``: the language of the specification. ``copies``: the column whose text a click on a mark opens.
    ``ranges``: the axes of parallel coordinates; ``counted`` then names the rows that lie inside all of them.
    """

    title: str
    spec: Spec
    data: Mapping[str, Columns]
    language: Literal["vega", "vega-lite"] = "vega-lite"
    legend: Legend | None = None
    slider: Slider | None = None
    ranges: tuple[Range, ...] = ()
    counted: str | None = None
    copies: str | None = None


def shown_data(value: Any) -> Any:
    """A chart's data as JSON can hold it: invisible and reordering characters as codes, no NaN, eight digits."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, int | float) and unscaled(value):
        return None
    if isinstance(value, float):
        return float(f"{value:.8g}")
    if isinstance(value, Mapping):
        return {visible(str(name)): shown_data(part) for name, part in value.items()}
    return [shown_data(part) for part in value] if isinstance(value, list | tuple) else value


def page_data(figures: Mapping[str, Sequence[Chart]]) -> dict[str, Any]:
    """The charts of each figure of a page as JSON, and the rows that they name, each once."""
    charts = [(figure, chart) for figure, its_charts in figures.items() for chart in its_charts]
    data = {name: columns for _, chart in charts for name, columns in chart.data.items()}
    listed = [
        {"figure": figure, **asdict(replace(chart, data={})), "data": list(chart.data)} for figure, chart in charts
    ]
    return {"data": shown_data(data), "charts": shown_data(listed)}
