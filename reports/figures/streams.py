"""The number of streams that a chip carries: the latest frames against the number of streams, and the deadline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnasim.ir.shared import Search
from nnasim.markup import counted
from reports.figures.style import Drawing, canvas, drawn, mark
from reports.text import number, shortened

LATE = 4.0  # times the deadline: what is later is not drawn
UNITS = ("streams of each model", "p99 of frame latency [ms]")


def streams_per_chip(name: str, searches: Mapping[str, Search]) -> Drawing | None:
    """A drawing of p99 of frame latency over the number of streams for each chip; None if none was tried."""
    from matplotlib.ticker import MaxNLocator

    deadline = max((search.deadline_ms for search in searches.values()), default=0.0)
    curves = {label: curve(search) for label, search in searches.items()}
    if not any(curves.values()):
        return None
    title = finding(searches)
    columns = 2 if max(map(len, curves)) <= 20 else 1
    with canvas(name, 3.1 + 0.16 * ((len(curves) + 1) // columns)) as figure:
        axes = figure.add_subplot()
        for place, (label, points) in enumerate(curves.items()):
            look, most = mark(place), searches[label].most
            axes.plot(
                [streams for streams, _ in points], [ms for _, ms in points], marker=look.shape, color=look.color,
                linestyle=look.line, markeredgecolor="black", markeredgewidth=0.5, markersize=6, linewidth=1.2,
                label=f"{shortened(label, 50)}: {most} in time",
            )  # fmt: skip
        for limit in sorted({search.deadline_ms for search in searches.values()}):
            axes.axhline(limit, color="black", linewidth=1)
            axes.annotate(f"deadline {number(limit)} ms", (0.01, limit), xycoords=("axes fraction", "data"),
                          xytext=(0, 3), textcoords="offset points", fontsize=8)  # fmt: skip
        axes.set_ylim(0, LATE * deadline)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(UNITS[0])
        axes.set_ylabel(UNITS[1])
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.set_title(title)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=columns)
        found = (f"{label}: {counted(search.most, 'stream')}" for label, search in searches.items())
        return drawn(figure, title, "; ".join(found))


def curve(search: Search) -> list[tuple[int, float]]:
    """(streams, p99 of frame latency [ms]) of all numbers that were tried and that fit."""
    tried = sorted(search.tried, key=lambda at: at.streams)
    return [(at.streams, at.p99_ms) for at in tried if at.p99_ms is not None]


def finding(searches: Mapping[str, Search]) -> str:
    """The figure's title: how many streams the best chip carries, and the worst."""
    ordered: Sequence[tuple[str, Search]] = sorted(searches.items(), key=lambda item: -item[1].most)
    (best, most), (worst, least) = ordered[0], ordered[-1]
    if len(ordered) == 1:
        return f"{shortened(best, 24)} carries {counted(most.most, 'stream')} in time"
    if max(map(len, (best, worst))) > 20:
        return f"{counted(most.most, 'stream')} in time on the best of {len(ordered)} chips, {least.most} on the worst"
    return f"{best} carries {counted(most.most, 'stream')} in time, {worst} {least.most}"
