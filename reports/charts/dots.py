"""Values with their intervals, row by row: word error rates, shares won back, latencies from mean to p99."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reports.chart import INK, Chart, Columns, Entry, Legend, Spec
from reports.charts.parts import ACROSS, HIDDEN, SHOWN, VEGA_SHAPES, colored, named_rows, shaped, told, tooltip
from reports.ends import ends
from reports.figures.arms import GOAL_PCT, MARKS, Point, frame, is_wide, reached
from reports.figures.headline import middle
from reports.figures.style import BLUE, GREY, SKY
from reports.study_record import Accuracy
from reports.summary import SystemFigures
from reports.text import number, percent

_STEP = 30  # pixels a row


class Dot(NamedTuple):
    """A value on row ``row``, ``offset`` rows below its middle; ``tells`` are the tooltip's texts."""

    row: int
    offset: float
    value: float
    low: float
    high: float
    series: str
    tells: tuple[str, ...]


def dots(
    name: str,
    title: str,
    unit: str,
    rows: Sequence[str],
    values: Sequence[Dot],
    headings: Sequence[str],
    looks: Sequence[Entry],
    *,
    shapes: Sequence[str] = ("circle",),
    scale: Spec | None = None,
    reference: Point | None = None,
    lines: Sequence[float] = (),
) -> Chart:
    """Dots with their intervals on ``rows``; ``reference``: a band and a line behind all, ``lines``: more lines."""
    key = Legend(tuple(looks))
    names, upwards = named_rows(rows)
    along = {"type": "quantitative", "title": unit, "scale": scale or {"zero": False}}
    offset = {"field": "offset", "type": "quantitative", "scale": {"domain": [-0.5, 0.5]}}
    spec: Spec = {
        **ACROSS,
        "height": _STEP * len(rows),
        "params": [HIDDEN, names],
        "layer": [
            *_behind(reference, lines),
            {
                "data": {"name": name},
                "transform": [SHOWN],
                "encoding": {"y": upwards, "yOffset": offset},
                "layer": [
                    {
                        "mark": {"type": "rule", "color": {"expr": INK}, "aria": False},
                        "encoding": {"x": {"field": "low", **along}, "x2": {"field": "high"}},
                    },
                    {
                        "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1, "stroke": {"expr": INK},
                                 "strokeWidth": 0.7},
                        "encoding": {
                            "x": {"field": "value", **along}, "color": colored(key), "shape": shaped(key, shapes),
                            "tooltip": tooltip(headings),
                        },
                    },
                ],
            },
        ],
    }  # fmt: skip
    return Chart(title, spec, {name: _columns(values, headings)}, legend=key if len(looks) > 1 else None)


def _behind(reference: Point | None, lines: Sequence[float]) -> list[Spec]:
    one: Spec = {"values": [{}]}
    layers: list[Spec] = [
        {"data": one, "mark": {"type": "rule", "color": {"expr": INK}, "strokeDash": [2, 2], "aria": False},
         "encoding": {"x": {"datum": at}}}
        for at in lines
    ]  # fmt: skip
    if reference:
        ends = {"x": {"datum": reference.low}, "x2": {"datum": reference.high}}
        middle_line = {"type": "rule", "color": {"expr": INK}, "strokeDash": [6, 3], "aria": False}
        layers = [
            {"data": one, "mark": {"type": "rect", "color": GREY, "opacity": 0.25, "aria": False}, "encoding": ends},
            {"data": one, "mark": middle_line, "encoding": {"x": {"datum": reference.value}}},
            *layers,
        ]
    return layers


def _columns(values: Sequence[Dot], headings: Sequence[str]) -> Columns:
    return {
        **{field: [getattr(dot, field) for dot in values] for field in Dot._fields if field != "tells"},
        **told({heading: [dot.tells[n] for dot in values] for n, heading in enumerate(headings)}),
    }


def headline_charts(systems: Mapping[str, SystemFigures]) -> tuple[Chart, ...]:
    """Word error rate with its interval, and engine latency from its mean to p99; none without word errors."""
    rows = [(label, f) for label, f in systems.items() if f.wer is not None and f.engine_latency_ms]
    if not rows:
        return ()
    names, look = [label for label, _ in rows], (Entry("all", "all", BLUE),)
    words, times = list[Dot](), list[Dot]()
    for row, (label, figures) in enumerate(rows):
        rate, at = figures.wer, figures.engine_latency_ms
        assert rate is not None
        assert at is not None
        low, high = figures.wer_ci or (rate, rate)
        count = "" if figures.errors is None else number(figures.errors)
        words.append(
            Dot(row, 0, 100 * rate, 100 * low, 100 * high, "all", (label, percent(rate), _between(low, high), count))
        )
        mean = middle(at)
        tells = (label, number(mean, 4), *(number(value, 4) for value in (at.p50, at.p90, at.p99)))
        times.append(Dot(row, 0, mean, mean, at.p99, "all", tells))
    zero = {"zero": True}
    wrong = ends({label: figures.wer or 0 for label, figures in rows}, percent)
    late = ends({names[dot.row]: dot.value for dot in times}, lambda ms: f"{number(ms)} ms")
    return (
        dots("headline-words", f"Word error rate: {wrong}", "[%], 95 % interval", names, words,
             ("system", "WER", "95 % interval", "errors"), look, scale=zero),
        dots("headline-time", f"Engine latency: {late}", "[ms], from its mean to p99", names, times,
             ("system", "mean [ms]", "p50", "p90", "p99"), look, scale=zero),
    )  # fmt: skip


def _between(low: float, high: float) -> str:
    return f"{percent(low)} to {percent(high)}"


def accuracy_chart(name: str, title: str, accuracies: Sequence[Accuracy]) -> tuple[Chart, ...]:
    """Word error rate of each system with its 95 % interval."""
    scored = [accuracy for accuracy in accuracies if accuracy.wer is not None]
    values = list[Dot]()
    for row, accuracy in enumerate(scored):
        rate = accuracy.wer or 0.0
        low, high = accuracy.interval or (rate, rate)
        tells = (accuracy.name, percent(rate), _between(low, high), number(accuracy.errors), number(accuracy.words))
        values.append(Dot(row, 0, 100 * rate, 100 * low, 100 * high, "all", tells))
    chart = dots(
        name, title, "word error rate [%], 95 % interval over utterances", [accuracy.name for accuracy in scored],
        values, ("system", "WER", "95 % interval", "errors", "words"), (Entry("all", "all", SKY),),
        scale={"zero": True},
    )  # fmt: skip
    return (chart,) if scored else ()


def arm_errors_chart(name: str, chips: Mapping[str, Mapping[str, Point]], reference: Point | None) -> tuple[Chart, ...]:
    """Word error rate of every arm of a training study on every chip; the band is the float model."""
    points = [point for arms in chips.values() for point in arms.values()]
    scale = {"type": "log", "nice": False} if is_wide(points, reference) else {"zero": False}
    unit = "word error rate [%], all seeds, 95 % interval over utterances"
    return _arms(name, f"Words wrong after equal steps: {reached(chips)}", unit, chips, scale, reference, ())


def arm_shares_chart(name: str, chips: Mapping[str, Mapping[str, Point]]) -> tuple[Chart, ...]:
    """Share of naive's extra errors that QAT and aat do not make, on every chip."""
    low, high = frame([point.value for arms in chips.values() for point in arms.values()])
    cut = {
        chip: {arm: Point(p.value, max(p.low, low), min(p.high, high)) for arm, p in arms.items()}
        for chip, arms in chips.items()
    }
    scale = {"domain": [low, high], "nice": False}
    unit = "share won back [%], 95 % interval, cut at the frame"
    return _arms(name, f"Won back of what naive loses: {reached(chips)}", unit, cut, scale, None, (0, GOAL_PCT))


def _arms(
    name: str, title: str, unit: str, chips: Mapping[str, Mapping[str, Point]], scale: Spec,
    reference: Point | None, lines: Sequence[float],
) -> tuple[Chart, ...]:  # fmt: skip
    looks = [mark for arm, mark in MARKS.items() if any(arm in arms for arms in chips.values())]
    values = [
        Dot(row, 0.22 * (list(MARKS).index(arm) - 1), *point, MARKS[arm].label,
            (chip, MARKS[arm].label, number(point.value), f"{number(point.low)} to {number(point.high)}"))
        for row, (chip, arms) in enumerate(chips.items())
        for arm, point in arms.items() if arm in MARKS
    ]  # fmt: skip
    chart = dots(
        name, title, unit, list(chips), values, ("chip", "arm", "[%]", "95 % interval"),
        [Entry(mark.label, mark.label, mark.color) for mark in looks],
        shapes=[VEGA_SHAPES[mark.shape] for mark in looks], scale=scale, reference=reference, lines=lines,
    )  # fmt: skip
    return (chart,)
