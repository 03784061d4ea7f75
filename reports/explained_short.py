"""An explanation in at most 15 lines, for a terminal: what to read before the tables, and often instead of them."""

from __future__ import annotations

from collections.abc import Iterator

from nnasim.ir.explanation import CAUSES, Explanation
from nnasim.ir.result import SimResult
from nnasim.markup import counted, narrowed, visible
from reports.blocks import shown
from reports.explanation import path_sentence, turn_words
from reports.text import number, shortened
from reports.waits import helps_text, waits_of

MOST_LINES, MOST_TURNS, MOST_REASONS, MOST_DECIDING = 15, 2, 2, 3


def short_lines(result: SimResult, width: int) -> list[str]:
    """A few lines: what a frame waits for, what helps most, the least change, why the CPU works, what is assumed."""
    lines = [f"{visible(result.system)} on {visible(result.preset)}"]
    for name, text in ((name, visible(text)) for name, text in _parts(result)):
        wrapped = list(narrowed([f"  {name:<14} {text}"], width))
        wrapped = [wrapped[0], *(f"{'':17}{line.strip()}" for line in wrapped[1:])] if len(wrapped) > 1 else wrapped
        lines += wrapped if max(map(len, wrapped)) <= width else narrowed([f"  {name}: {text}"], width)
    return lines[:MOST_LINES]


def _parts(result: SimResult) -> Iterator[tuple[str, str]]:
    explained, waits = result.explanation, waits_of(result)
    if explained is None or explained.path is None or waits is None:
        return
    yield "one frame", shown(path_sentence(explained.path, result.clock_hz))
    if helps := helps_text(waits):
        yield "would help", f"{helps} of a frame"
    for turn in waits.turns[:MOST_TURNS]:
        yield "least change", shown(turn_words(turn))
    reasons = {reason: None for group in waits.cpu for reason in group.reason.split("; ")}
    if reasons:
        cpu_ms, handoff_ms = sum(g.cpu_ms for g in waits.cpu), sum(g.handoff_ms for g in waits.cpu)
        operations = counted(sum(group.operations for group in waits.cpu), "operation")
        yield "on the CPU", f"{operations}: {number(cpu_ms)} ms, and {number(handoff_ms)} ms of hand-offs"
    for reason in list(reasons)[:MOST_REASONS]:
        yield "since", shortened(reason, 110)
    if explained.complete:
        yield "hangs on", _deciding(explained)


def _deciding(explained: Explanation) -> str:
    """Say which assumed numbers change the bottleneck within their ranges."""
    assert explained.base is not None
    now = explained.base.bottleneck
    fields = [swing.field for swing in explained.swings if {swing.at_low.bottleneck, swing.at_high.bottleneck} - {now}]
    if not fields:
        return f"no assumed number alone: it waits for {CAUSES[now]} all over their ranges"
    more = f" and {len(fields) - MOST_DECIDING} more" if len(fields) > MOST_DECIDING else ""
    return f"{', '.join(fields[:MOST_DECIDING])}{more}, which are assumed: measure them first"
