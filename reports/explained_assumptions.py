"""The assumed numbers on which an explanation depends, as blocks: which of them decide, and the effect of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from nnasim.allowed import number_text
from nnasim.ir.explanation import CAUSES, Explanation, Figures, Swing
from reports.blocks import Block, Cell, Code, Figure, Fold, Heading, Listing, Paragraph, Table, Value, Words
from reports.charts.time import swing_chart
from reports.figures.explanation import Bar, tornado
from reports.text import number, shortened


def assumption_blocks(explained: Explanation, base: Figures, suffix: str, *, drawn: bool) -> Iterator[Block]:
    """The assumed numbers that decide the bottleneck, and the effect of each, as blocks of an explanation."""
    if not explained.swings and not explained.without_range:
        return
    yield Heading("Which assumptions decide")
    flips = [
        swing for swing in explained.swings if {swing.at_low.bottleneck, swing.at_high.bottleneck} - {base.bottleneck}
    ]
    yield Paragraph(_conclusion(base, flips))
    if drawn:
        yield from _drawn_swings(explained.swings, base, suffix)
    ordered = sorted(explained.swings, key=lambda swing: (-swing.width("frame_ms"), -swing.width("energy_mj")))
    rows = tuple(_swing_cells(swing, base) for swing in ordered)
    note = (
        "Each assumed number at both ends of its range, alone, as a run: p50 over frames, and energy. Stated ranges "
        "stand in the preset; the others are half and twice the number. Nothing in the last column: the bottleneck "
        "stays."
    )
    columns = ("assumed", "today", "range", "frame [ms]", "energy [mJ]", "then waits for")
    yield Table(f"swings{suffix}", "", columns, rows, note, look="words")
    if explained.without_range:
        reasons: dict[str, list[str]] = {}
        for field, why in explained.without_range.items():
            reasons.setdefault(why, []).append(field)
        listed = tuple((f"{why}: ", Value(", ".join(fields))) for why, fields in reasons.items())
        yield Fold(
            f"{len(explained.without_range):,} other assumed fields, which were not varied or move nothing",
            (Listing(listed),),
        )


def _conclusion(base: Figures, flips: Sequence[Swing]) -> Words:
    if not flips:
        return f"No assumed number alone, within its range, changes what it waits for: {CAUSES[base.bottleneck]}."
    fields = ", ".join(swing.field for swing in flips)
    return (f"That it waits for {CAUSES[base.bottleneck]} hangs on ", Value(fields), ": measure that first.")


def _drawn_swings(swings: Sequence[Swing], base: Figures, suffix: str) -> Iterator[Block]:
    titles: Mapping[Literal["frame_ms", "energy_mj"], tuple[str, str]] = {
        "frame_ms": ("the latency", "median frame latency [ms]"),
        "energy_mj": ("the energy", "energy of the run [mJ]"),
    }
    for figure, (what, unit) in titles.items():
        today = getattr(base, figure)
        widest = sorted((s for s in swings if s.width(figure) > 0), key=lambda s: -s.width(figure))
        bars = [Bar(swing.field, getattr(swing.at_low, figure), getattr(swing.at_high, figure)) for swing in widest]
        title = f"{shortened(widest[0].field, 34)} decides {what} most" if widest else ""
        picture = None if today is None else tornado(f"{figure}{suffix}", title, unit, today, bars)
        if picture:
            charts = () if today is None else swing_chart(f"{figure}{suffix}", title, unit, today, bars)
            yield Figure(f"{figure}{suffix}", picture, charts=charts)


def _swing_cells(swing: Swing, base: Figures) -> tuple[Cell, ...]:
    low, high = swing.at_low, swing.at_high
    then = dict.fromkeys(CAUSES[end.bottleneck] for end in (low, high) if end.bottleneck != base.bottleneck)
    reach = f"{number_text(swing.low)} to {number_text(swing.high)}"
    return (
        Code(swing.field),
        number_text(swing.value),
        f"{reach}, stated" if swing.stated else reach,
        _reach(low.frame_ms, high.frame_ms),
        _reach(low.energy_mj, high.energy_mj),
        ", ".join(then),
    )


def _reach(low: float | None, high: float | None) -> str:
    """Both ends with four digits, or one where that shows no difference."""
    ends = list(dict.fromkeys((number(low, 4), number(high, 4))))
    return " to ".join(ends)
