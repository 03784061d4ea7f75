"""Words wrong against time waited: one mark per result, both with how sure they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reports.figures.style import Drawing, canvas, drawn, mark
from reports.summary import SystemFigures
from reports.text import number, shortened

_WIDE = 8.0  # a larger ratio of the times is drawn on a logarithmic axis
UNITS = ("engine latency [ms]: mean, line to p90", "word error rate [%], 95 % interval")


class Scored(NamedTuple):
    """A result's words wrong with their interval [%], and its engine latency [ms]: the mean and p90."""

    label: str
    wer: float
    low: float
    high: float
    mean: float
    p90: float


def scored(systems: Mapping[str, SystemFigures]) -> list[Scored]:
    """The results with known words and latency; empty if there are fewer than two."""
    rows = list[Scored]()
    for label, figures in systems.items():
        if figures.wer is not None and (at := figures.engine_latency_ms):
            low, high = (100 * bound for bound in figures.wer_ci or (figures.wer, figures.wer))
            rows.append(Scored(label, 100 * figures.wer, low, high, at.p50 if at.mean is None else at.mean, at.p90))
    return rows if len(rows) > 1 else []


def is_wide(rows: Sequence[Scored]) -> bool:
    """Whether times lie so far apart that their axis is logarithmic."""
    times = [row.mean for row in rows]
    return min(times) > 0 and max(times) > _WIDE * min(times)


def words_against_latency(name: str, systems: Mapping[str, SystemFigures]) -> Drawing | None:
    """A figure: WER with its interval over the mean engine latency, a line to its p90; None for fewer than two."""
    rows = scored(systems)
    if not rows:
        return None
    title = finding(rows)
    with canvas(name, 3.1 + 0.16 * ((len(rows) + 1) // 2)) as figure:
        axes = figure.add_subplot()
        for place, row in enumerate(rows):
            look = mark(place)
            axes.plot([row.mean, row.mean], [row.low, row.high], color=look.color, linewidth=1)
            axes.plot([row.mean, row.p90], [row.wer, row.wer], color=look.color, linewidth=1)
            axes.plot(row.mean, row.wer, look.shape, color=look.color, markeredgecolor="black", markeredgewidth=0.6,
                      markersize=7, linestyle="none", label=_said(row, 30))  # fmt: skip
        if is_wide(rows):
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.xaxis.set_minor_formatter("")
        else:
            axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.margins(x=0.08)
        axes.set_xlabel(UNITS[0])
        axes.set_ylabel(UNITS[1])
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.set_title(title)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=2)
        return drawn(figure, title, "; ".join(_said(row, len(row.label)) for row in rows))


def _said(row: Scored, longest: int) -> str:
    return f"{shortened(row.label, longest)}: {row.wer:.2f} %, {number(row.mean)} ms"


def finding(rows: Sequence[Scored]) -> str:
    """The figure's title: the system with the fewest wrong words, and the soonest one."""
    soonest = min(rows, key=lambda row: row.mean)
    fewest = min(rows, key=lambda row: (row.wer, row.mean))
    if len(rows) > 1 and len({row.wer for row in rows}) == 1:
        return f"All get as many words wrong; soonest: {shortened(soonest.label, 24)}"
    if fewest == soonest:
        return f"{shortened(fewest.label, 24)} has fewest words wrong, and soonest"
    return f"Fewest words wrong: {shortened(fewest.label, 18)}; soonest: {shortened(soonest.label, 18)}"
