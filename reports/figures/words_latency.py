"""Words wrong against time waited: one mark per result, both with how sure they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.figures.style import BLUE, GREEN, GREY, ORANGE, RED, SKY, Drawing, canvas, drawn
from reports.summary import SystemFigures
from reports.text import number, shortened

_MARKS = (
    ("o", BLUE),
    ("s", ORANGE),
    ("^", GREEN),
    ("D", RED),
    ("v", GREY),
    ("P", SKY),
    ("X", "#CC79A7"),
    ("*", "#000000"),
)
_WIDE = 8.0  # a larger ratio of the times is drawn on a logarithmic axis


def words_against_latency(name: str, systems: Mapping[str, SystemFigures]) -> Drawing | None:
    """Draw WER with its interval over the mean engine latency, a line to its p90; None for fewer than two."""
    rows = [
        (label, 100 * figures.wer, figures.wer_ci, at.p50 if at.mean is None else at.mean, at.p90)
        for label, figures in systems.items()
        if figures.wer is not None and (at := figures.engine_latency_ms)
    ]
    if len(rows) < 2:
        return None
    title = _finding([(label, wer, ms) for label, wer, _, ms, _ in rows])
    with canvas(name, 3.1 + 0.16 * ((len(rows) + 1) // 2)) as figure:
        axes = figure.add_subplot()
        for place, (label, wer, interval, ms, p90) in enumerate(rows):
            shape, color = _MARKS[place % len(_MARKS)]
            low, high = (100 * bound for bound in interval or (wer / 100, wer / 100))
            axes.plot([ms, ms], [low, high], color=color, linewidth=1)
            axes.plot([ms, p90], [wer, wer], color=color, linewidth=1)
            axes.plot(ms, wer, shape, color=color, markeredgecolor="black", markeredgewidth=0.6, markersize=7,
                      linestyle="none", label=f"{shortened(label, 30)}: {wer:.2f} %, {number(ms)} ms")  # fmt: skip
        times = [ms for _, _, _, ms, _ in rows]
        if min(times) > 0 and max(times) > _WIDE * min(times):
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.xaxis.set_minor_formatter("")
        else:
            axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.margins(x=0.08)
        axes.set_xlabel("engine latency [ms]: mean, line to p90")
        axes.set_ylabel("word error rate [%], 95 % interval")
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.set_title(title)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=2)
        return drawn(
            figure, title, "; ".join(f"{label}: {wer:.2f} %, {number(ms)} ms" for label, wer, _, ms, _ in rows)
        )


def _finding(rows: Sequence[tuple[str, float, float]]) -> str:
    fewest, soonest = min(rows, key=lambda row: row[1]), min(rows, key=lambda row: row[2])
    if fewest == soonest:
        return f"{shortened(fewest[0], 24)} has fewest words wrong, and soonest"
    return f"Fewest words wrong: {shortened(fewest[0], 18)}; soonest: {shortened(soonest[0], 18)}"
