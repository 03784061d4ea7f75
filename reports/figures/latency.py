"""The distribution of latency: the share of utterances, or of frames, that end within a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnasim.analysis.percentiles import PERCENTILES, at_shares, percentiles
from reports.ends import ends
from reports.figures.style import BLUE, GREEN, GREY, ORANGE, RED, SKY, Drawing, canvas, drawn
from reports.text import number, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

COLORS = (RED, ORANGE, BLUE, GREEN, SKY, GREY)  # five systems are compared: each has its own
LINE_DASHES = ("-", "--", "-.", ":")
_MARKERS = "osD^vP*X"
_LONGEST_LABEL, _LEGEND_WIDTH = 56, 84  # characters; a key line takes about 9 more
_POINTS = 200  # a curve of a million frames is drawn from its quantiles


def distribution(kind: str, of: str, values_ms: Mapping[str, Sequence[float]]) -> Drawing | None:
    """A figure: the cumulative distribution of each label [ms], with p50, p90 and p99 marked; None if there is none.

    ``kind``: which latency ("engine", "frame"); ``of``: what has it ("utterances", "frames").
    """
    series = ordered(values_ms)
    if not series:
        return None
    with canvas(kind, 2.6 + 0.05 * len(series)) as figure:
        axes = figure.add_subplot()
        for index, (label, values) in enumerate(series.items()):
            _curve(axes, index, _in_legend(shortened(label, _LONGEST_LABEL)), values)
        axes.set_xlabel(f"{kind} latency [ms]")
        axes.set_ylabel(f"share of {of} [%]")
        axes.set_title(finding(kind, series))
        if is_wide(series):
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.xaxis.set_minor_formatter("")
        axes.set_yticks([0, 50, 90, 99], ["0", "p50", "p90", "p99"])
        axes.grid(color="#dddddd", linewidth=0.5)
        widest = max(len(shortened(label, _LONGEST_LABEL)) for label in series)
        columns = max(1, min(2 if len(series) > 4 else 4, len(series), _LEGEND_WIDTH // (widest + 9)))
        figure.legend(loc="outside lower center", ncols=columns, handlelength=3.5)
        return drawn(figure, f"Distribution of {kind} latency", _described(series))


def _curve(axes: Axes, index: int, label: str, values: NDArray[np.float64]) -> None:
    shares = np.linspace(0, 100, _POINTS + 1)
    style: dict[str, Any] = {
        "color": COLORS[index % len(COLORS)],
        "linestyle": LINE_DASHES[index % len(LINE_DASHES)],
        "marker": _MARKERS[index % len(_MARKERS)],
        "linewidth": line_width(index),
        "markersize": max(7.5 - 1.2 * index, 3.5),
    }
    at = [round(_POINTS * share / 100) for share in PERCENTILES]
    axes.plot(
        at_shares(values, shares / 100), shares, label=label, markevery=at,
        markeredgecolor="black", markeredgewidth=0.5, **style,
    )  # fmt: skip


def line_width(index: int) -> float:
    """Later curves are thinner, so that equal ones stay visible under each other."""
    return max(3.4 - 0.7 * index, 1.0)


def _in_legend(label: str) -> str:
    """matplotlib hides a label that starts with an underscore."""
    return f" {label}" if label.startswith("_") else label


def ordered(values_ms: Mapping[str, Sequence[float]]) -> dict[str, NDArray[np.float64]]:
    """The values of each label that has some, ascending."""
    return {label: np.sort(np.asarray(v, dtype=np.float64)) for label, v in values_ms.items() if len(v)}


def finding(kind: str, series: Mapping[str, NDArray[np.float64]]) -> str:
    """The figure's title: when half and nearly all have ended, or the soonest and the latest result at p90."""
    if len(series) == 1:
        (times,) = series.values()
        p50, _, p99 = percentiles(times).values()
        return f"{kind.capitalize()} latency: {number(p50)} ms at p50, {number(p99)} ms at p99"
    at_p90 = {label: float(at_shares(values, [0.9])[0]) for label, values in series.items()}
    return f"{kind.capitalize()} latency at p90: {ends(at_p90, lambda ms: f'{number(ms)} ms')}"


def is_wide(series: Mapping[str, NDArray[np.float64]]) -> bool:
    """Whether times lie so far apart that their axis is logarithmic."""
    low, high = min(v[0] for v in series.values()), max(v[-1] for v in series.values())
    return bool(low > 0 and high > 20 * low)


def _described(series: Mapping[str, NDArray[np.float64]]) -> str:
    return "; ".join(
        "{}: p50 {:.4g}, p90 {:.4g}, p99 {:.4g} ms".format(shortened(label), *percentiles(v).values())
        for label, v in series.items()
    )
