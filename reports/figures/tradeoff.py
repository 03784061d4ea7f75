"""The question in one picture: words wrong against time waited, one point per system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from reports.figures.style import BLUE, canvas, svg
from reports.summary import SystemFigures
from reports.text import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = "osD^vP*X"


def tradeoff(systems: Mapping[str, SystemFigures]) -> str | None:
    """SVG: engine latency (p50, whisker to p90) across, WER with its interval upwards; None without WER."""
    points = [(label, f) for label, f in systems.items() if f.wer is not None and f.engine_latency_ms]
    if not points:
        return None
    with canvas("tradeoff", 3.0) as figure:
        axes = figure.add_subplot()
        for index, (label, one) in enumerate(points):
            _point(axes, label, one, _MARKERS[index % len(_MARKERS)])
        axes.set_xlabel("engine latency [ms]: point at p50, whisker to p90")
        axes.set_ylabel("word error rate [%]")
        axes.set_title("Down and left is better")
        axes.set_ylim(bottom=0)
        axes.margins(x=0.2)
        axes.grid(color="#dddddd", linewidth=0.5)
        return svg(figure, "Word error rate against engine latency", _described(points))


def _point(axes: Axes, label: str, one: SystemFigures, marker: str) -> None:
    assert one.wer is not None
    assert one.engine_latency_ms is not None
    x, y = one.engine_latency_ms.p50, 100 * one.wer
    low, high = (100 * bound for bound in one.wer_ci or (one.wer, one.wer))
    below, above = [max(y - low, 0.0)], [max(high - y, 0.0)]
    axes.errorbar(
        x, y, xerr=np.array([[0.0], [max(one.engine_latency_ms.p90 - x, 0.0)]]), yerr=np.array([below, above]),
        fmt=marker, color=BLUE, ecolor="black", elinewidth=0.8, capsize=3, markeredgecolor="black",
    )  # fmt: skip
    axes.annotate(shortened(label, 28), (x, y), xytext=(5, 5), textcoords="offset points", weight="bold")


def _described(points: list[tuple[str, SystemFigures]]) -> str:
    return "; ".join(
        f"{shortened(label)}: {100 * (f.wer or 0):.2f} %, {f.engine_latency_ms.p50:.3g} ms"
        for label, f in points
        if f.engine_latency_ms
    )
