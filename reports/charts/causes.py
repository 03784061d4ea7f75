"""The causes of a frame's time on each of several chips, with the time and the share of each."""

from __future__ import annotations

from collections.abc import Mapping

from nnasim.ir.explanation import CAUSES
from reports.chart import Chart
from reports.charts.bars import OF_WHOLE, Bar, Mark, bars
from reports.figures.causes import UNIT, Times, finding, looks, ordered, timed
from reports.figures.explanation import LOOKS
from reports.text import number, percent

_HEADINGS = ("result", "waits for", "ms", "share")


def causes_chart(name: str, times: Mapping[str, Times]) -> tuple[Chart, ...]:
    """Each result's frame as shares of what it waited for; none if there is nothing to draw."""
    rows, stretches, marks = timed(times), list[Bar](), list[Mark]()
    if not rows:
        return ()
    for row, (label, parts) in enumerate(rows.items()):
        left, total = 0.0, sum(parts.values())
        for cause, ms in ordered(parts):
            tells = (label, CAUSES[cause], number(ms, 4), percent(ms / total, 1))
            stretches.append(Bar(row, left, left + 100 * ms / total, LOOKS[cause], tells))
            left += 100 * ms / total
        marks.append(Mark(row, 100, number(total)))
    chart = bars(
        name, finding(rows), UNIT, list(rows), stretches, _HEADINGS, looks=looks(rows), marks=marks,
        domain=(0, 100), ticks=OF_WHOLE,
    )  # fmt: skip
    return (chart,)
