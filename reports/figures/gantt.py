"""One frame's time line: what each block does when."""

from __future__ import annotations

from collections.abc import Sequence

from nnasim.ir.result import SimResult
from reports.figures.style import KIND_LOOKS, OTHER, Drawing, Look, canvas, drawn, in_order, legend_below
from reports.text import number, shortened
from reports.timeline import Track, tracks

_FINEST = 1 / 1500  # of the width: a gap or a bar below this cannot be seen


def gantt(name: str, title: str, result: SimResult) -> Drawing | None:
    """The drawing of ``result.spans``, one row per track; None if no span was recorded."""
    if not result.spans:
        return None
    first = min(span.start for span in result.spans)
    length = max(span.end for span in result.spans) - first or 1
    unit, scale = time_unit(length / result.clock_hz)
    rows = tracks(result.spans)
    with canvas(name, 1.0 + 0.26 * len(rows)) as figure:
        axes = figure.add_subplot()
        used: list[Look] = []
        for row, track in enumerate(rows):
            for look, bars in _bars(track, first, length):
                used.append(look)
                stretches = [
                    (start * scale / result.clock_hz, width * scale / result.clock_hz) for start, width in bars
                ]
                axes.broken_barh(
                    stretches, (row - 0.4, 0.8), facecolor=look.color, hatch=look.hatch, edgecolor="black",
                    linewidth=0.15,
                )  # fmt: skip
        axes.set_yticks(range(len(rows)), [row_name(track) for track in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0, length * scale / result.clock_hz)
        axes.set_xlabel(f"time since the frame's first operation [{unit}]")
        axes.set_title(f"{title}: {number(length * scale / result.clock_hz)} {unit}, {busiest(rows, length)}")
        axes.grid(axis="x", color="#dddddd", linewidth=0.5)
        legend_below(figure, in_order(used))
        return drawn(figure, title, f"{len(result.spans)} spans on {len(rows)} tracks")


def time_unit(seconds: float) -> tuple[str, float]:
    """The unit of a stretch of time, and how many a second has."""
    return ("ms", 1e3) if seconds >= 1e-3 else ("µs", 1e6)


def busiest(rows: Sequence[Track], length: int) -> str:
    """The track that works longest, and for what share of the frame."""
    works = [sum(span.end - span.start for span in track.spans if span.kind != "stall") for track in rows]
    longest = max(range(len(rows)), key=works.__getitem__)
    return f"{row_name(rows[longest])} at work {100 * works[longest] / length:.0f} % of it"


def row_name(track: Track) -> str:
    """The name of a track's row: its block, numbered where it has several."""
    return shortened(track.block, 20) + (f" {track.number + 1}" if track.number else "")


def _bars(track: Track, first: int, length: int) -> list[tuple[Look, list[tuple[int, int]]]]:
    """(look, [(start, width)]) in cycles; neighbours of one look with an invisible gap become one bar."""
    bars: dict[Look, list[tuple[int, int]]] = {}
    last: Look | None = None
    for span in track.spans:
        look = KIND_LOOKS.get(span.kind, OTHER)
        row = bars.setdefault(look, [])
        start, end = span.start - first, span.end - first
        if look == last and start - sum(row[-1]) <= length * _FINEST:
            row[-1] = (row[-1][0], max(end - row[-1][0], row[-1][1]))
        else:
            row.append((start, end - start))
        last = look
    return list(bars.items())
