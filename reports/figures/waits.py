"""The waits of the user, part by part; and word error rates with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.figures.style import BLUE, GREY, ORANGE, SKY, Drawing, Look, canvas, drawn, legend_below
from reports.study_record import Accuracy
from reports.text import number, percent, shortened

_EDGE: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.5}
PARTS = {
    "chunk": Look("rest of the chunk", GREY, "//"),
    "emission_delay": Look("emission delay", ORANGE, "\\\\"),
    "endpointer": Look("endpointer", "#FFFFFF", "++"),
    "engine": Look("engine", BLUE, ""),
}


def waits(name: str, title: str, parts: Mapping[str, Mapping[str, float]]) -> Drawing:
    """A figure: mean milliseconds of each part of the user-perceived latency, one bar per system."""
    with canvas(name, 1.2 + 0.35 * len(parts)) as figure:
        axes = figure.add_subplot()
        longest = max((sum(times.values()) for times in parts.values()), default=1.0) or 1.0
        for row, times in enumerate(parts.values()):
            left = 0.0
            for part, look in PARTS.items():
                axes.barh(row, times.get(part, 0.0), left=left, color=look.color, hatch=look.hatch, **_EDGE)
                left += times.get(part, 0.0)
            axes.annotate(number(left), (left + 0.01 * longest, row), va="center", annotation_clip=False)
        axes.set_yticks(range(len(parts)), [shortened(label, 24) for label in parts])
        axes.invert_yaxis()
        axes.set_xlim(0, longest * 1.15)
        axes.set_xlabel("ms from the end of speech to the final hypothesis, mean")
        axes.set_title(title)
        legend_below(figure, list(PARTS.values()), columns=4)
        text = "; ".join(f"{label}: {number(sum(times.values()))} ms" for label, times in parts.items())
        return drawn(figure, title, text)


def wait_finding(kind: str, parts: Mapping[str, Mapping[str, float]]) -> str:
    """A title: what the user waits for most over all systems, closed by an endpointer of this kind."""
    sums = {part: sum(times.get(part, 0.0) for times in parts.values()) for part in PARTS}
    most = max(sums, key=lambda part: sums[part])
    return f"Most of the wait is the {PARTS[most].label}: {percent(sums[most] / (sum(sums.values()) or 1), 0)} ({kind})"


def word_errors(name: str, title: str, accuracies: Sequence[Accuracy]) -> Drawing:
    """A figure: word error rate with its 95 % interval."""
    scored = [accuracy for accuracy in accuracies if accuracy.wer is not None]
    with canvas(name, 1.1 + 0.3 * len(scored)) as figure:
        axes = figure.add_subplot()
        for row, accuracy in enumerate(scored):
            rate = 100 * (accuracy.wer or 0.0)
            low, high = (100 * bound for bound in accuracy.interval or (accuracy.wer or 0.0, accuracy.wer or 0.0))
            spread = [[max(0.0, rate - low)], [max(0.0, high - rate)]]
            axes.barh(row, rate, color=SKY, xerr=spread, ecolor="black", capsize=3, **_EDGE)
            axes.annotate(
                f"{rate:.2f} %", (max(rate, high), row), xytext=(5, 0), textcoords="offset points", va="center"
            )
        axes.set_yticks(range(len(scored)), [accuracy.name for accuracy in scored])
        axes.invert_yaxis()
        axes.margins(x=0.2)
        axes.set_xlim(left=0)
        axes.set_xlabel("word error rate [%], 95 % interval over utterances")
        axes.set_title(title)
        text = "; ".join(f"{accuracy.name}: {100 * (accuracy.wer or 0):.2f} %" for accuracy in scored)
        return drawn(figure, title, text)
