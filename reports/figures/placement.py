"""Waterfalls of placement, and maps of gain: numbers stand in the picture, so that it reads without colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.figures.style import BLUE, GREY, Drawing, Look, canvas, drawn, legend_below
from reports.study_record import GainMap, Placed
from reports.text import number, percent, shortened

_EDGE: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.5}
CLAIM_PCT = (5.0, 7.0)
MAP_TOP_PCT = 140.0  # a gain of this much is the darkest, unless there are larger ones
SAVED, ADDED, WHOLE = Look("saved", BLUE, ""), Look("added", GREY, "xx"), Look("all of it", "#EEEEEE", "")


def waterfall(name: str, title: str, steps: Sequence[Placed]) -> Drawing:
    """A figure: processing time per second of audio, after each group of operations has moved to the chip."""
    with canvas(name, 1.1 + 0.27 * len(steps)) as figure:
        axes = figure.add_subplot()
        before = steps[0].busy_ms_per_s
        longest = max(step.busy_ms_per_s for step in steps)
        for row, step in enumerate(steps):
            now = step.busy_ms_per_s
            worse = now > before
            if row == 0 or row == len(steps) - 1:
                axes.barh(row, now, color=WHOLE.color, **_EDGE)
            if row:
                look = ADDED if worse else SAVED
                axes.barh(row, abs(now - before), left=min(now, before), color=look.color, hatch=look.hatch, **_EDGE)
            text = f"{number(now)} ({number(step.handoffs_per_s)}/s{wrong(step)})"
            axes.annotate(text, (max(now, before) + 0.01 * longest, row), va="center", annotation_clip=False)
            before = now
        axes.set_yticks(range(len(steps)), [shortened(step.label, 24) for step in steps])
        axes.invert_yaxis()
        scored = any(step.words for step in steps)
        axes.set_xlim(0, longest * (1.6 if scored else 1.35))
        more = "; WER of aat" if scored else ""
        axes.set_xlabel(f"ms of processing per s of audio (hand-offs a second{more})")
        axes.set_title(title)
        legend_below(figure, [SAVED, ADDED, WHOLE])
        text = "; ".join(f"{step.label}: {number(step.busy_ms_per_s)} ms/s" for step in steps)
        return drawn(figure, title, text)


def placed_finding(model: str, steps: Sequence[Placed]) -> str:
    """A title: what moving every group to the chip makes of the processing time."""
    before, after = (number(step.busy_ms_per_s) for step in (steps[0], steps[-1]))
    return f"{shortened(model, 24)}: {before} ms/s on the CPU, {after} ms/s with every group on the chip"


def wrong(step: Placed) -> str:
    """The word errors of a placement, to follow its other figures; empty if none were counted."""
    accuracy = step.words.get("aat")
    return "" if accuracy is None or accuracy.wer is None else f"; {percent(accuracy.wer)}"


def gain_map(name: str, title: str, grid: GainMap) -> Drawing:
    """A figure: the gain in percent in every cell; cells of 5 to 7 % are framed, lines mark 5 and 7 % between them."""
    import numpy as np

    gains = np.array([[np.nan if g is None else g for g in row] for row in grid.gains_pct])
    with canvas(name, 3.6) as figure:
        axes = figure.add_subplot()
        axes.imshow(
            gains, cmap="Greys", vmin=0, vmax=max(MAP_TOP_PCT, float(np.nanmax(gains))), aspect="auto", origin="lower"
        )
        for row, column in np.ndindex(*gains.shape):
            gain = gains[row, column]
            inside = CLAIM_PCT[0] <= gain <= CLAIM_PCT[1]
            box = {"boxstyle": "square,pad=0.2", "fc": "white", "ec": "black" if inside else "none", "lw": 1.6}
            text = "—" if np.isnan(gain) else f"{gain:z.1f}"
            weight = "bold" if inside else "normal"
            axes.text(column, row, text, ha="center", va="center", fontsize=8, weight=weight, bbox=box)
        if np.nanmin(gains) < CLAIM_PCT[1] and np.nanmax(gains) > CLAIM_PCT[0]:
            axes.contour(gains, levels=list(CLAIM_PCT), colors="black", linewidths=1.2, linestyles=["--", "-"])
        axes.set_xticks(range(len(grid.bandwidths)), [f"{rate / 1e9:g}" for rate in grid.bandwidths])
        axes.set_yticks(range(len(grid.handoffs_us)), [f"{value:g}" for value in grid.handoffs_us])
        axes.set_xlabel("DRAM bandwidth [GB/s]")
        axes.set_ylabel("one hand-off [us]")
        axes.set_title("\n".join(filter(None, (title, where_the_claim_holds(grid)))))
        text = "; ".join(
            f"{handoff:g} us: " + ", ".join("-" if g is None else f"{g:.1f}" for g in row)
            for handoff, row in zip(grid.handoffs_us, grid.gains_pct, strict=True)
        )
        return drawn(figure, title, text)


def where_the_claim_holds(grid: GainMap) -> str:
    """The hand-offs at which some cell lies within the claim; empty if none does."""
    low, high = CLAIM_PCT
    rows = zip(grid.handoffs_us, grid.gains_pct, strict=True)
    inside = [handoff for handoff, gains in rows if any(gain is not None and low <= gain <= high for gain in gains)]
    if not inside:
        return ""
    ends = f"{min(inside):g} us" if min(inside) == max(inside) else f"{min(inside):g} to {max(inside):g} us"
    return f"{low:g} to {high:g} % (framed) at hand-offs of {ends}"
