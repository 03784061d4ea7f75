"""The claim in one picture: words that training for the chip wins back, beside time that staying on the chip saves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reports.figures.arms import MARKS, Point
from reports.figures.style import BLUE, GREY, Drawing, canvas, drawn
from reports.text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PUBLISHED_PCT = 5.0, 7.0  # less engine latency, as the abstract of Shakiah et al., SLT 2022, has it
_STYLES = "-", "--", ":"


def claim(
    chips: Mapping[str, Mapping[str, Point]], reference: Point, gains: Mapping[str, Sequence[tuple[float, float]]]
) -> Drawing:
    """A figure: word error rates [%] of ``naive`` and ``aat`` on each chip, and gains [%] over a hand-off's time [us].

    ``reference``: the float model. ``gains``: curves by name, each a list of (hand-off [us], gain [%]).
    """
    with canvas("claim", 3.3) as figure:
        words, time = figure.subplots(1, 2, width_ratios=(1.25, 1))
        _words(words, chips, reference)
        _time(time, gains)
        title = "Trained for the chip: fewer words wrong, and no waiting for the CPU"
        return drawn(figure, title, _described(chips, reference, gains))


def _words(axes: Axes, chips: Mapping[str, Mapping[str, Point]], reference: Point) -> None:
    axes.axvspan(reference.low, reference.high, color=GREY, alpha=0.25, linewidth=0)
    axes.axvline(reference.value, color="black", linestyle="--", linewidth=1, label="float, on no chip")
    for row, arms in enumerate(chips.values()):
        for arm, height in (("naive", row - 0.13), ("aat", row + 0.13)):
            _point(axes, arms[arm], height, arm, labelled=row == 0)
    axes.set_yticks(range(len(chips)), list(chips))
    axes.set_ylim(len(chips) - 0.5, -0.5)
    axes.set_xlabel("words wrong [%], 95 % interval")
    axes.set_title("Words")
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=1)


def _point(axes: Axes, point: Point, height: float, arm: str, *, labelled: bool) -> None:
    mark = MARKS[arm]
    names = {"naive": "put on the chip", "aat": "trained for the chip"}
    axes.plot([point.low, point.high], [height, height], color="black", linewidth=0.8)
    axes.plot(
        [point.value], [height], mark.shape, color=mark.color, markeredgecolor="black", markeredgewidth=0.5,
        markersize=7, linestyle="none", label=names[arm] if labelled else "_",
    )  # fmt: skip


def _time(axes: Axes, gains: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    low, high = PUBLISHED_PCT
    axes.axhspan(low, high, color=GREY, alpha=0.25, linewidth=0, label=f"published: {low:.0f} to {high:.0f} %")
    for style, (name, points) in zip(_STYLES, gains.items(), strict=False):
        settings: dict[str, Any] = {"color": BLUE, "linestyle": style, "marker": "o", "markersize": 3}
        axes.plot([us for us, _ in points], [gain for _, gain in points], label=name, **settings)
    axes.set_xlabel("a hand-off to the CPU [us]")
    axes.set_ylabel("less engine latency [%]")
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.set_title("Time")
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=1)


def _described(
    chips: Mapping[str, Mapping[str, Point]], reference: Point, gains: Mapping[str, Sequence[tuple[float, float]]]
) -> str:
    words = "; ".join(
        f"{chip}: {number(arms['naive'].value)} % put on the chip, {number(arms['aat'].value)} % trained for it"
        for chip, arms in chips.items()
    )
    times = "; ".join(
        f"{name}: " + ", ".join(f"{number(gain)} % at {number(us)} us" for us, gain in points)
        for name, points in gains.items()
    )
    return f"Words wrong, float {number(reference.value)} %; {words}. Less engine latency, {times}."
