"""The waits of a frame as a waterfall, and the effect of each assumed number as a tornado."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from nnasim.ir.explanation import CAUSES, Cause
from nnasim.markup import visible
from reports.figures.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    SKY,
    YELLOW,
    Drawing,
    Look,
    canvas,
    drawn,
    head,
    legend_below,
)
from reports.text import number, shortened

_EDGE: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.4}
_MEMORY, _ARRAY, _ELEMENTS = Look("memory", ORANGE, "\\\\"), Look("MAC array", BLUE, ""), Look("tables", GREEN, "xx")
_PASS, _CROSSING = Look("fixed cost, issue", YELLOW, "++"), Look("hand-off", RED, "||")
_CPU, _OTHERS = Look("CPU", GREY, "//"), Look("waits for audio or frames", "#FFFFFF", "---")
LOOKS: dict[Cause, Look] = {
    **dict.fromkeys(("dram", "dram_latency", "dma", "sram_port", "bus"), _MEMORY),
    **dict.fromkeys(("weight_decoder", "mac_array"), _ARRAY),
    "element_wise": _ELEMENTS,
    **dict.fromkeys(("fixed", "sequencer"), _PASS),
    "handoff": _CROSSING,
    **dict.fromkeys(("cpu", "cpu_dram", "other_work"), _CPU),
    **dict.fromkeys(("queue", "chunk", "other_frames", "unknown"), _OTHERS),
}  # fmt: skip
LOW_END, HIGH_END = Look("at the low end", SKY, ""), Look("at the high end", BLUE, "//")
MOST_BARS = 12
MOST_SWINGS = 12
LONGEST_FIELD = 34  # characters beside a bar


def waterfall(name: str, title: str, times: Sequence[tuple[Cause, float]]) -> Drawing | None:
    """A figure: milliseconds of each cause, each bar beginning where the one above ends; None if there is none."""
    bars = [(cause, ms) for cause, ms in times if ms > 0][:MOST_BARS]
    if not bars:
        return None
    total = sum(ms for _, ms in times)
    with canvas(name, 1.1 + 0.24 * len(bars)) as figure:
        axes, left = figure.add_subplot(), 0.0
        for row, (cause, ms) in enumerate(bars):
            look = LOOKS[cause]
            axes.barh(row, ms, left=left, color=look.color, hatch=look.hatch, **_EDGE)
            left += ms
            axes.annotate(number(ms), (left + 0.01 * total, row), va="center", annotation_clip=False)
        axes.set_yticks(range(len(bars)), [CAUSES[cause] for cause, _ in bars])
        axes.invert_yaxis()
        axes.set_xlim(0, total * 1.2)
        axes.set_xlabel("ms of one frame's latency")
        head(figure, title)
        legend_below(figure, list(dict.fromkeys(LOOKS[cause] for cause, _ in bars)))
        text = "; ".join(f"{CAUSES[cause]}: {number(ms)} ms" for cause, ms in bars)
        return drawn(figure, title, text)


class Bar(NamedTuple):
    """The value of a figure at the low and at the high end of an assumed field's range."""

    field: str
    at_low: float
    at_high: float


def _in_two_lines(field: str) -> str:
    """``field``, broken behind its section where it is long: a name that is cut is no name to type."""
    if len(field) <= LONGEST_FIELD:
        return visible(field)
    section, dot, name = field.partition(".")
    return f"{shortened(section, LONGEST_FIELD)}{dot}\n{shortened(name, LONGEST_FIELD)}"


def tornado(name: str, title: str, unit: str, base: float, bars: Sequence[Bar]) -> Drawing | None:
    """A figure: each field's reach around ``base``, the widest first; None if there is nothing to draw."""
    rows = bars[:MOST_SWINGS]
    if not rows:
        return None
    names = [_in_two_lines(bar.field) for bar in rows]
    with canvas(name, 1.2 + 0.24 * len(rows) + 0.12 * sum("\n" in text for text in names)) as figure:
        axes = figure.add_subplot()
        for row, bar in enumerate(rows):
            for value, look in ((bar.at_low, LOW_END), (bar.at_high, HIGH_END)):
                axes.barh(row, value - base, left=base, color=look.color, hatch=look.hatch, **_EDGE)
        axes.axvline(base, color="black", linewidth=1)
        axes.set_yticks(range(len(rows)), names)
        axes.invert_yaxis()
        axes.set_xlabel(unit)
        head(figure, title)
        legend_below(figure, [LOW_END, HIGH_END])
        text = "; ".join(f"{bar.field}: {number(bar.at_low)} to {number(bar.at_high)}" for bar in rows)
        return drawn(figure, title, f"today {number(base)} {unit}; {text}")
