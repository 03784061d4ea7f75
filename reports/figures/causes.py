"""The causes of a frame's time on several chips, or with several systems: shares, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnasim.ir.explanation import CAUSES, Cause
from reports.figures.explanation import LOOKS
from reports.figures.style import Drawing, Look, canvas, drawn, head, legend_below
from reports.text import number, shortened

UNIT = "share of one frame's latency [%]; the figure at the right is the latency [ms]"
_EDGE: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.4}

Times = Mapping[Cause, float]
"""Milliseconds of each cause."""


def causes(name: str, times: Mapping[str, Times]) -> Drawing | None:
    """A figure: each result's frame as shares of what it waited for; None if there is nothing to draw."""
    rows = timed(times)
    if not rows:
        return None
    title = finding(rows)
    with canvas(name, 1.4 + 0.3 * len(rows)) as figure:
        axes = figure.add_subplot()
        for row, parts in enumerate(rows.values()):
            left, total = 0.0, sum(parts.values())
            for cause, ms in ordered(parts):
                look, share = LOOKS[cause], 100 * ms / total
                axes.barh(row, share, left=left, color=look.color, hatch=look.hatch, **_EDGE)
                left += share
            axes.annotate(number(total), (101, row), va="center", annotation_clip=False)
        axes.set_yticks(range(len(rows)), [shortened(label, 24) for label in rows])
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel(UNIT)
        head(figure, title)
        legend_below(figure, looks(rows))
        text = "; ".join(f"{shortened(label)}: {_largest(parts)[1]}" for label, parts in rows.items())
        return drawn(figure, title, text)


def timed(times: Mapping[str, Times]) -> dict[str, Times]:
    """The results whose frame took any time."""
    return {label: parts for label, parts in times.items() if sum(parts.values()) > 0}


def ordered(parts: Times) -> list[tuple[Cause, float]]:
    """The causes in the one order in which every result's bar has them."""
    places = {cause: place for place, cause in enumerate(LOOKS)}
    return sorted(((cause, ms) for cause, ms in parts.items() if ms > 0), key=lambda item: places[item[0]])


def looks(rows: Mapping[str, Times]) -> list[Look]:
    """The entries of the legend."""
    present = {LOOKS[cause] for parts in rows.values() for cause, ms in parts.items() if ms > 0}
    return [look for look in dict.fromkeys(LOOKS.values()) if look in present]


def finding(rows: Mapping[str, Times]) -> str:
    """A title with what all results wait for most, or each of them."""
    largest = {label: _largest(parts) for label, parts in rows.items()}
    causes = {cause for cause, _ in largest.values()}
    if len(causes) == 1:
        shares = [100 * max(parts.values()) / sum(parts.values()) for parts in rows.values()]
        low, high = min(shares), max(shares)
        said = f"{low:.0f} %" if round(low) == round(high) else f"{low:.0f} to {high:.0f} %"
        return f"Each waits most for {CAUSES[causes.pop()]}: {said} of a frame"
    return shortened("; ".join(f"{label}: {said}" for label, (_, said) in largest.items()), 180)


def _largest(parts: Times) -> tuple[Cause, str]:
    cause = max(parts, key=lambda cause: parts[cause])
    return cause, f"{CAUSES[cause]} {100 * parts[cause] / sum(parts.values()):.0f} %"
