"""Word errors against the delay of words: one line per system, one point per penalty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reports.figures.arms import Point
from reports.figures.style import BLUE, GREY, Drawing, canvas, drawn
from reports.text import number

MARKS = {"float": ("s", GREY), "aat": ("o", BLUE)}


class Delayed(NamedTuple):
    """A penalty's word errors [%] and median delay [ms]."""

    penalty: float
    delay_ms: float
    words: Point


def words_against_delay(name: str, systems: Mapping[str, Sequence[Delayed]]) -> Drawing:
    """A figure of the penalties: left is sooner, below is better; bars are 95 % intervals, numbers the penalties."""
    title = finding(systems)
    with canvas(name, 3.0) as figure:
        axes = figure.add_subplot()
        for system, points in systems.items():
            shape, color = MARKS[system]
            delays = [point.delay_ms for point in points]
            for point in points:
                axes.plot([point.delay_ms] * 2, [point.words.low, point.words.high], color=color, linewidth=0.8)
                axes.annotate(
                    f"{point.penalty:g}", (point.delay_ms, point.words.value), xytext=(4, 4),
                    textcoords="offset points", fontsize=8,
                )  # fmt: skip
            axes.plot(
                delays, [point.words.value for point in points], marker=shape, color=color, linewidth=1,
                markeredgecolor="black", markeredgewidth=0.5, markersize=6, label=system,
            )  # fmt: skip
        axes.set_xlabel("from a word's end to its symbol, median [ms]")
        axes.set_ylabel("word error rate [%]")
        axes.set_title(title)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4)
        return drawn(figure, title, _described(systems))


def finding(systems: Mapping[str, Sequence[Delayed]]) -> str:
    """The figure's title: the soonest system, its penalty, and what that costs in word errors."""
    points = [(system, point) for system, points in systems.items() for point in points]
    system, soonest = min(points, key=lambda item: (item[1].delay_ms, item[1].words.value))
    side = "before" if soonest.delay_ms < 0 else "after"
    when, wrong = f"{number(abs(soonest.delay_ms))} ms {side} the word's end", number(soonest.words.value)
    return f"Soonest is {system} with penalty {soonest.penalty:g}: {when}, {wrong} % wrong"


def _described(systems: Mapping[str, Sequence[Delayed]]) -> str:
    return "; ".join(
        f"{system}: {', '.join(f'{number(p.words.value)} % at {number(p.delay_ms)} ms' for p in points)}"
        for system, points in systems.items()
    )
