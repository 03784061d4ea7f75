"""The energy of each part of the chip, with its range and its share."""

from __future__ import annotations

from collections.abc import Mapping

from nnasim.ir.result import Spread
from reports.chart import Chart
from reports.charts.bars import Bar, Mark, Reach, bars
from reports.figures.energy import OTHERS, TOTAL, finding, part_looks, summed
from reports.text import NOT_COMPUTED, number, percent

_HEADINGS = ("result", "part", "energy [mJ]", "from", "to", "share")


def energy_chart(name: str, ranges: Mapping[str, Mapping[str, Spread]]) -> tuple[Chart, ...]:
    """Millijoules of each part, one bar per result, and how far the sum is known; none if there is nothing to draw."""
    rows = summed(ranges)
    if not rows:
        return ()
    looks, stretches = part_looks(rows), list[Bar]()
    for row, (label, spreads) in enumerate(rows.items()):
        left, total = 0.0, spreads[TOTAL][1]
        for part, look in looks.items():
            low, typical, high = spreads.get(part, (0.0, 0.0, 0.0))
            tells = (label, look.label, *map(number, (typical, low, high)), percent(typical / total, 1))
            stretches.append(Bar(row, left, left + typical, look, tells))
            left += typical
        rest = max(0.0, total - left)
        tells = (label, OTHERS.label, number(rest), NOT_COMPUTED, NOT_COMPUTED, percent(rest / total, 1))
        stretches.append(Bar(row, left, left + rest, OTHERS, tells))
    totals = [spreads[TOTAL] for spreads in rows.values()]
    chart = bars(
        name, finding(rows), "energy of the run [mJ], typical; the line: from low to high", list(rows), stretches,
        _HEADINGS, looks=[*looks.values(), OTHERS],
        marks=[Mark(row, high, number(typical)) for row, (_, typical, high) in enumerate(totals)],
        reaches=[Reach(row, low, high) for row, (low, _, high) in enumerate(totals)],
        domain=(0, max(high for *_, high in totals)),
    )  # fmt: skip
    return (chart,)
