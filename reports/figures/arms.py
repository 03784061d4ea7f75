"""Arms of a training study, chip by chip: word error rates with intervals, and the share won back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from reports.figures.style import BLUE, GREY, ORANGE, RED, Drawing, canvas, drawn
from reports.text import number, shortened

GOAL_PCT = 90
_WIDE = 8.0  # a larger ratio of the extremes is drawn on a logarithmic axis


class Mark(NamedTuple):
    """The mark of an arm: the marker's shape carries the meaning where colour is lost."""

    label: str
    shape: str
    color: str


MARKS = {
    "naive": Mark("naive", "X", RED),
    "qat": Mark("ordinary QAT", "s", ORANGE),
    "aat": Mark("aat", "o", BLUE),
}


class Point(NamedTuple):
    """A figure with its interval, in percent."""

    value: float
    low: float
    high: float


def word_errors_by_chip(name: str, chips: Mapping[str, Mapping[str, Point]], reference: Point | None) -> Drawing:
    """A figure: the WER of every arm on every chip; the dashed line and its band are the float model."""
    title = f"Words wrong after equal steps: {reached(chips)}"
    with canvas(name, 1.3 + 0.5 * len(chips)) as figure:
        axes = figure.add_subplot()
        if reference:
            axes.axvspan(reference.low, reference.high, color=GREY, alpha=0.25, linewidth=0)
            axes.axvline(reference.value, color="black", linestyle="--", linewidth=1, label="float")
        _points(axes, chips)
        points = [point for arms in chips.values() for point in arms.values()]
        if is_wide(points, reference):
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(lambda value, _: number(value))
            axes.xaxis.set_minor_formatter(lambda value, _: number(value) if str(value)[0] in "25" else "")
        axes.set_xlabel("word error rate [%], all seeds, 95 % interval over utterances")
        axes.set_title(title)
        _key(figure, axes)
        return drawn(figure, title, _words(chips))


def reached(chips: Mapping[str, Mapping[str, Point]]) -> str:
    """The range of each arm over the chips, such as "naive 1.21 to 4.00 %, aat 1.20 to 1.30 %"."""
    values = {arm: [arms[arm].value for arms in chips.values() if arm in arms] for arm in MARKS}
    spans = {arm: dict.fromkeys((number(min(known)), number(max(known)))) for arm, known in values.items() if known}
    return ", ".join(f"{MARKS[arm].label} {' to '.join(span)} %" for arm, span in spans.items())


def is_wide(points: Sequence[Point], reference: Point | None) -> bool:
    """Whether rates lie so far apart that their axis is logarithmic."""
    lowest = min(point.value for point in [*points, *([reference] if reference else [])])
    return lowest > 0 and max(point.value for point in points) > _WIDE * lowest


def shares_by_chip(name: str, chips: Mapping[str, Mapping[str, Point]]) -> Drawing:
    """A figure: the share of naive's extra errors that QAT and aat do not make."""
    title = f"Won back of what naive loses: {reached(chips)}"
    with canvas(name, 1.2 + 0.45 * len(chips)) as figure:
        axes = figure.add_subplot()
        _points(axes, chips)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.axvline(GOAL_PCT, color="black", linestyle=":", linewidth=1, label="goal: 90 %")
        values = [point.value for arms in chips.values() for point in arms.values()]
        axes.set_xlim(*frame(values))
        axes.set_xlabel("share won back [%], 95 % interval, cut at the frame")
        axes.set_title(title)
        _key(figure, axes)
        return drawn(figure, title, _words(chips))


def frame(values: Sequence[float]) -> tuple[float, float]:
    """The ends of an axis of shares [%], at which intervals are cut."""
    return min(-20, *values) - 10, max(120, *values) + 10


def _points(axes: Any, chips: Mapping[str, Mapping[str, Point]]) -> None:
    drawn: set[str] = set()
    for row, arms in enumerate(chips.values()):
        for place, (arm, mark) in enumerate(MARKS.items()):
            if arm not in arms:
                continue
            point, height = arms[arm], row + 0.22 * (place - 1)
            axes.plot([point.low, point.high], [height, height], color="black", linewidth=0.8)
            axes.plot(
                point.value, height, mark.shape, color=mark.color, markeredgecolor="black", markeredgewidth=0.5,
                markersize=6, linestyle="none", label="_" if arm in drawn else mark.label,
            )  # fmt: skip
            drawn.add(arm)
    axes.set_yticks(range(len(chips)), [shortened(label, 20) for label in chips])
    axes.set_ylim(len(chips) - 0.5, -0.5)
    axes.grid(axis="y", linewidth=0)


def _key(figure: Any, axes: Any) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)


def _words(chips: Mapping[str, Mapping[str, Point]]) -> str:
    return "; ".join(
        f"{chip}: {', '.join(f'{arm} {number(point.value)} %' for arm, point in arms.items())}"
        for chip, arms in chips.items()
    )


def percentages(value: float, interval: Sequence[float] | None) -> Point:
    """Fractions as a point in percent; without an interval the point is its own."""
    low, high = interval or (value, value)
    return Point(100 * value, 100 * low, 100 * high)
