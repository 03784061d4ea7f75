"""The question in one picture: words wrong beside time waited, one row per system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reports.figures.style import BLUE, Drawing, canvas, drawn
from reports.summary import Percentiles, SystemFigures
from reports.text import number, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE: dict[str, Any] = {"color": "black", "linewidth": 1.0}


def headline(systems: Mapping[str, SystemFigures]) -> Drawing | None:
    """A figure: WER with its interval at the left, engine latency from mean to p99 at the right; None without WER."""
    rows = [(label, f) for label, f in systems.items() if f.wer is not None and f.engine_latency_ms]
    if not rows:
        return None
    with canvas("headline", 1.0 + 0.34 * len(rows)) as figure:
        words, time = figure.subplots(1, 2, sharey=True)
        for row, (_, figures) in enumerate(rows):
            _words(words, row, figures)
            _time(time, row, figures)
        words.set_yticks(range(len(rows)), [shortened(label, 20) for label, _ in rows])
        words.set_ylim(len(rows) - 0.5, -0.7)
        _finish(words, "Word error rate", "[%], 95 % interval")
        single = all(figures.utterances == 1 for _, figures in rows)
        _finish(time, "Engine latency", "[ms], one utterance" if single else "[ms] ● mean  | p90  ▸ p99")
        return drawn(figure, "Word error rate and engine latency: left is better", _described(rows))


def _words(axes: Axes, row: int, figures: SystemFigures) -> None:
    assert figures.wer is not None
    low, high = figures.wer_ci or (figures.wer, figures.wer)
    axes.plot([100 * low, 100 * high], [row, row], marker="|", **_LINE)
    _value(axes, 100 * figures.wer, row, f"{100 * figures.wer:.2f}")


def _time(axes: Axes, row: int, figures: SystemFigures) -> None:
    assert figures.engine_latency_ms is not None
    at = figures.engine_latency_ms
    if figures.utterances != 1:
        axes.plot([middle(at), at.p99], [row, row], **_LINE)
        axes.plot([at.p90], [row], marker="|", markersize=9, **_LINE)
        axes.plot([at.p99], [row], marker=">", markersize=4, **_LINE)
    _value(axes, middle(at), row, number(middle(at)))


def middle(at: Percentiles) -> float:
    """The mean; summaries of version 0.1 have the median only."""
    return at.p50 if at.mean is None else at.mean


def _value(axes: Axes, x: float, row: int, text: str) -> None:
    axes.plot([x], [row], marker="o", color=BLUE, markeredgecolor="black", markersize=6)
    axes.annotate(text, (x, row), xytext=(0, 5), textcoords="offset points", ha="center", fontsize=8)


def _finish(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title)
    axes.set_xlabel(unit)
    axes.margins(x=0.12)
    axes.set_xlim(left=0)
    axes.grid(axis="x", color="#dddddd", linewidth=0.5)


def _described(rows: Sequence[tuple[str, SystemFigures]]) -> str:
    return "; ".join(
        f"{shortened(label)}: {100 * (f.wer or 0):.2f} %, {number(middle(f.engine_latency_ms))} ms"
        for label, f in rows
        if f.engine_latency_ms
    )
