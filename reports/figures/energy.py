"""The energy of the parts, stacked, and the range of the sum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnasim.ir.result import Spread
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
    legend_below,
)
from reports.text import number, shortened

TOTAL = "total"
_EDGE: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.4}
_STYLES = (
    (ORANGE, "\\\\"), (BLUE, ""), (GREEN, "xx"), (SKY, "//"), (YELLOW, "++"), (RED, "||"), (GREY, "--"),
    ("#CC79A7", "|||"),
)  # fmt: skip
_NAMES = {"cpu": "CPU", "dram": "DRAM", "sram": "SRAM", "mac_array": "MAC array"}
OTHERS = Look("all others", "#FFFFFF", "")
_SMALL = 0.004  # of the largest total: a part below it is drawn with the others


def energy_stack(name: str, ranges: Mapping[str, Mapping[str, Spread]]) -> Drawing | None:
    """A figure: the energy of each part [mJ], one bar per result; a line from the lowest to the highest total.

    None if there is nothing to draw.
    """
    rows = summed(ranges)
    if not rows:
        return None
    looks = part_looks(rows)
    title = finding(rows)
    with canvas(name, 1.4 + 0.36 * len(rows)) as figure:
        axes = figure.add_subplot()
        for row, spreads in enumerate(rows.values()):
            left = 0.0
            for part, look in looks.items():
                axes.barh(row, spreads.get(part, (0, 0, 0))[1], left=left, color=look.color, hatch=look.hatch, **_EDGE)
                left += spreads.get(part, (0, 0, 0))[1]
            low, total, high = spreads[TOTAL]
            axes.barh(row, max(0.0, total - left), left=left, color=OTHERS.color, **_EDGE)
            axes.plot([low, high], [row, row], color="black", marker="|", linewidth=1.2)
            axes.annotate(number(total), (high, row), xytext=(6, 0), textcoords="offset points", va="center")
        axes.set_yticks(range(len(rows)), [shortened(label, 24) for label in rows])
        axes.invert_yaxis()
        axes.margins(x=0.14)
        axes.set_xlim(left=0)
        axes.set_xlabel("energy of the run [mJ], typical; the line: from low to high")
        axes.set_title(title)
        legend_below(figure, [*looks.values(), OTHERS])
        text = "; ".join(f"{label}: {number(spreads[TOTAL][1])} mJ" for label, spreads in rows.items())
        return drawn(figure, title, text)


def summed(ranges: Mapping[str, Mapping[str, Spread]]) -> dict[str, Mapping[str, Spread]]:
    """The results whose energy is known, and not nothing."""
    return {label: spreads for label, spreads in ranges.items() if TOTAL in spreads and spreads[TOTAL][1] > 0}


def part_looks(rows: Mapping[str, Mapping[str, Spread]]) -> dict[str, Look]:
    """The parts that can be seen, the largest first."""
    most: dict[str, float] = {}
    for spreads in rows.values():
        for part, (_, typical, _) in spreads.items():
            if part != TOTAL:
                most[part] = max(most.get(part, 0.0), typical)
    least = _SMALL * max(spreads[TOTAL][1] for spreads in rows.values())
    parts = sorted((part for part in most if most[part] > least), key=lambda part: -most[part])
    return {
        part: Look(_named(part), *style) for part, style in zip(parts, _STYLES, strict=False)
    }  # fmt: skip


def _named(part: str) -> str:
    return _NAMES.get(part, part.replace("_", " "))


def finding(rows: Mapping[str, Mapping[str, Spread]]) -> str:
    """The part that takes most in all results together, and its share in each."""
    sums: dict[str, float] = {}
    for spreads in rows.values():
        for part, (_, typical, _) in spreads.items():
            sums[part] = sums.get(part, 0.0) + (typical if part != TOTAL else 0.0)
    largest = max(sums, key=lambda part: sums[part])
    shares = [100 * spreads.get(largest, (0, 0, 0))[1] / spreads[TOTAL][1] for spreads in rows.values()]
    low, high = min(shares), max(shares)
    said = f"{low:.0f} %" if round(low) == round(high) else f"{low:.0f} to {high:.0f} %"
    return f"Largest part of the energy: {_named(largest)}, {said}"
