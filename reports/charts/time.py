"""The use of time: blocks, parts of the work, the waits of a frame, the waits of a user, and one frame's line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnasim.ir.explanation import CAUSES, Cause
from nnasim.ir.result import SimResult
from reports.chart import Chart
from reports.charts.bars import OF_WHOLE, Bar, Mark, bars
from reports.figures.explanation import HIGH_END, LOOKS, LOW_END, MOST_BARS, MOST_SWINGS
from reports.figures.explanation import Bar as Reach
from reports.figures.gantt import busiest, row_name, time_unit
from reports.figures.style import KIND_LOOKS, OTHER, Look, in_order
from reports.figures.waits import PARTS
from reports.figures.where import BUSY, IDLE, ON_CPU, ON_NNA, WAITS, largest
from reports.operations import BlockShare, PartTime
from reports.text import number, percent, shortened
from reports.timeline import tracks

MOST_SPANS = 4000  # of a time line; more are drawn by their first ones


def block_chart(name: str, title: str, shares: Sequence[BlockShare]) -> tuple[Chart, ...]:
    """Each block's elapsed time as busy, waiting and idle, busiest first; none without values."""
    stretches = []
    for row, share in enumerate(shares):
        left = 0.0
        for look, part in ((BUSY, share.busy), (WAITS, share.stall), (IDLE, share.idle)):
            stretches.append(
                Bar(row, 100 * left, 100 * (left + part), look, (share.block, look.label, percent(part, 1)))
            )
            left += part
    marks = [Mark(row, 100, f"{100 * share.busy:.1f} %") for row, share in enumerate(shares)]
    unit, headings = "share of elapsed time [%]; the figure at the right is busy time", ("block", "does", "share")
    names = [share.block for share in shares]
    looks = (BUSY, WAITS, IDLE)
    chart = bars(
        name, title, unit, names, stretches, headings, looks=looks, marks=marks, domain=(0, 100), ticks=OF_WHOLE
    )
    return (chart,) if shares else ()


def part_chart(name: str, title: str, times: Sequence[PartTime], longest: float) -> tuple[Chart, ...]:
    """Milliseconds per second of audio by part of the work, to the common scale ``longest``; none without values."""
    rows = largest(times)
    stretches, marks = list[Bar](), list[Mark]()
    for row, time in enumerate(rows):
        both = time.busy + time.stall
        tells = (time.part, time.unit, number(time.busy), number(time.stall))
        stretches.append(Bar(row, 0, time.busy, ON_CPU if time.unit == "cpu" else ON_NNA, tells))
        stretches.append(Bar(row, time.busy, both, WAITS, tells))
        marks.append(Mark(row, both, number(both)))
    names = [f"{time.part} ({time.unit})" for time in rows]
    chart = bars(
        name, title, "ms per second of audio", names, stretches, ("part", "unit", "works [ms/s]", "waits [ms/s]"),
        looks=(ON_NNA, ON_CPU, WAITS), marks=marks, domain=(0, longest),
    )  # fmt: skip
    return (chart,) if rows else ()


def cause_chart(name: str, title: str, times: Sequence[tuple[Cause, float]]) -> tuple[Chart, ...]:
    """Milliseconds of each cause, each bar beginning where the one above has ended; none without values."""
    rows = [(cause, ms) for cause, ms in times if ms > 0][:MOST_BARS]
    total = sum(ms for _, ms in times)
    stretches, marks, left = list[Bar](), list[Mark](), 0.0
    for row, (cause, ms) in enumerate(rows):
        stretches.append(
            Bar(row, left, left + ms, LOOKS[cause], (CAUSES[cause], number(ms, 4), percent(ms / total, 1)))
        )
        left += ms
        marks.append(Mark(row, left, number(ms)))
    chart = bars(
        name, title, "ms of one frame's latency", [CAUSES[cause] for cause, _ in rows], stretches,
        ("waits for", "ms", "share"), marks=marks, domain=(0, total),
    )  # fmt: skip
    return (chart,) if rows else ()


def swing_chart(name: str, title: str, unit: str, base: float, swings: Sequence[Reach]) -> tuple[Chart, ...]:
    """Each assumed field's reach around ``base``, the widest first; none without values."""
    rows = swings[:MOST_SWINGS]
    stretches = [
        Bar(row, base, value, look, (swing.field, look.label, number(value, 4), number(base, 4)))
        for row, swing in enumerate(rows)
        for value, look in ((swing.at_low, LOW_END), (swing.at_high, HIGH_END))
    ]
    headings, looks = ("field", "of its range", unit, "today"), (LOW_END, HIGH_END)
    names = [swing.field for swing in rows]
    chart = bars(name, title, unit, names, stretches, headings, looks=looks, line=base)
    return (chart,) if rows else ()


def wait_chart(name: str, title: str, parts: Mapping[str, Mapping[str, float]]) -> tuple[Chart, ...]:
    """Mean milliseconds of each part of the user-perceived latency, one bar per system."""
    stretches, marks = list[Bar](), list[Mark]()
    for row, (system, times) in enumerate(parts.items()):
        left = 0.0
        for part, look in PARTS.items():
            ms = times.get(part, 0.0)
            stretches.append(Bar(row, left, left + ms, look, (system, look.label, number(ms))))
            left += ms
        marks.append(Mark(row, left, number(left)))
    longest = max((mark.at for mark in marks), default=1.0) or 1.0
    chart = bars(
        name, title, "ms from the end of speech to the final hypothesis, mean", list(parts), stretches,
        ("system", "waits for", "mean [ms]"), looks=tuple(PARTS.values()), marks=marks, domain=(0, longest),
    )  # fmt: skip
    return (chart,)


def line_chart(name: str, title: str, result: SimResult) -> tuple[Chart, ...]:
    """A chart of every span of one frame on its track, by kind; empty if none was recorded."""
    if not result.spans:
        return ()
    first = min(span.start for span in result.spans)
    length = max(span.end for span in result.spans) - first or 1
    unit, scale = time_unit(length / result.clock_hz)
    rows, stretches = tracks(result.spans), list[Bar]()
    for row, track in enumerate(rows):
        for span in track.spans:
            start, end = ((at - first) * scale / result.clock_hz for at in (span.start, span.end))
            look = KIND_LOOKS.get(span.kind, OTHER)
            tells = (span.name, _kind(look, span.kind), f"{number(end - start)} {unit}", number(start, 4))
            stretches.append(Bar(row, start, end, look, (*tells, number(span.bytes) if span.bytes else "")))
    whole = length * scale / result.clock_hz
    longest_first = sorted(stretches, key=lambda bar: bar.start - bar.end)[:MOST_SPANS]
    chart = bars(
        name, f"{title}: {number(whole)} {unit}, {busiest(rows, length)}",
        f"time since the frame's first operation [{unit}]",
        [row_name(track) for track in rows], sorted(longest_first, key=lambda bar: (bar.row, bar.start)),
        ("operation", "kind", "takes", f"begins at [{unit}]", "bytes"),
        looks=in_order([bar.look for bar in longest_first]), domain=(0, whole), zooms=True,
    )  # fmt: skip
    return (chart,)


def _kind(look: Look, kind: str) -> str:
    return look.label if kind in look.label else f"{shortened(kind, 20)} ({look.label})"
