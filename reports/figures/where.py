"""The use of time: the blocks of the chip, and the kinds of operation or the layers of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.figures.style import BLUE, GREY, Drawing, Look, canvas, drawn, legend_below
from reports.operations import BlockShare, PartTime
from reports.text import number, percent, shortened

BUSY, WAITS, IDLE = Look("busy", BLUE, ""), Look("waits", "#FFFFFF", "---"), Look("idle", "#EEEEEE", "")
ON_NNA, ON_CPU = Look("on the NNA", BLUE, ""), Look("on the CPU", GREY, "//")
_EDGE: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.4}
_MOST_PARTS, _LONGEST_PART = 8, 30


def blocks(name: str, title: str, shares: Sequence[BlockShare]) -> Drawing | None:
    """A figure: the time in which each block is busy, waits and is idle, busiest first; None if there are none."""
    if not shares:
        return None
    with canvas(name, 1.05 + 0.24 * len(shares)) as figure:
        axes = figure.add_subplot()
        for row, share in enumerate(shares):
            left = 0.0
            for look, part in ((BUSY, share.busy), (WAITS, share.stall), (IDLE, share.idle)):
                axes.barh(row, 100 * part, left=100 * left, color=look.color, hatch=look.hatch, **_EDGE)
                left += part
            axes.annotate(f"{100 * share.busy:.1f} %", (101, row), va="center", annotation_clip=False)
        axes.set_yticks(range(len(shares)), [shortened(share.block, 24) for share in shares])
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel("share of elapsed time [%]; the figure at the right is busy time")
        axes.set_title(title)
        legend_below(figure, [BUSY, WAITS, IDLE])
        text = "; ".join(f"{shortened(s.block)}: busy {100 * s.busy:.1f} %" for s in shares)
        return drawn(figure, title, text)


def parts(name: str, title: str, times: Sequence[PartTime], longest: float) -> Drawing | None:
    """A figure: milliseconds per second of audio by part of the work, to the common scale ``longest``."""
    bars = largest(times)
    if not bars:
        return None
    with canvas(name, 1.05 + 0.24 * len(bars)) as figure:
        axes = figure.add_subplot()
        for row, time in enumerate(bars):
            look = ON_CPU if time.unit == "cpu" else ON_NNA
            axes.barh(row, time.busy, color=look.color, hatch=look.hatch, **_EDGE)
            axes.barh(row, time.stall, left=time.busy, color=WAITS.color, hatch=WAITS.hatch, **_EDGE)
            place = (time.busy + time.stall + 0.01 * longest, row)
            axes.annotate(number(time.busy + time.stall), place, va="center", annotation_clip=False)
        axes.set_yticks(range(len(bars)), [f"{shortened(time.part, _LONGEST_PART)} ({time.unit})" for time in bars])
        axes.invert_yaxis()
        axes.set_xlim(0, longest * 1.15)
        axes.set_xlabel("ms per second of audio")
        axes.set_title(title)
        legend_below(figure, [ON_NNA, ON_CPU, WAITS])
        text = "; ".join(f"{shortened(t.part)} ({t.unit}): {number(t.busy + t.stall)} ms/s" for t in bars)
        return drawn(figure, title, text)


def part_finding(label: str, times: Sequence[PartTime]) -> str:
    """A title: the part of the work that takes the largest share of the blocks' time."""
    total = sum(time.busy + time.stall for time in times)
    if not total:
        return label
    most = max(times, key=lambda time: time.busy + time.stall)
    share = percent((most.busy + most.stall) / total, 0)
    return f"{shortened(label, 24)}: {shortened(most.part, 24)} ({most.unit}) takes {share} of the blocks' time"


def block_finding(shares: Sequence[BlockShare], label: str = "") -> str:
    """A title: the blocks that work longest, more than one where the printed digits do not tell them apart."""
    if not shares:
        return label
    most = percent(max(share.busy for share in shares), 1)
    busiest = [shortened(share.block, 24) for share in shares if percent(share.busy, 1) == most]
    whose = f"{shortened(label, 24)}: " if label else ""
    return f"{whose}{' and '.join(busiest)} {'is' if len(busiest) == 1 else 'are'} busiest, {most} of the time"


def largest(times: Sequence[PartTime]) -> list[PartTime]:
    """The longest parts, and the sum of all others on one bar per unit."""
    rows = [time for time in times if time.busy + time.stall > 0]
    if len(rows) <= _MOST_PARTS:
        return rows
    rest: dict[str, PartTime] = {}
    for time in rows[_MOST_PARTS - 1 :]:
        old = rest.get(time.unit, PartTime("all others", time.unit, 0.0, 0.0))
        rest[time.unit] = PartTime("all others", time.unit, old.busy + time.busy, old.stall + time.stall)
    return rows[: _MOST_PARTS - 1] + [rest[unit] for unit in sorted(rest)]


def longest_part(times: Mapping[str, Sequence[PartTime]]) -> float:
    """The longest bar of several results, so that their figures share one scale."""
    return max((time.busy + time.stall for rows in times.values() for time in rows), default=0.0) or 1.0
