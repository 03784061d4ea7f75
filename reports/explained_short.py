"""An explanation in at most 15 lines, for a terminal: what to read before the tables, and often instead of them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from nnasim.ir.explanation import CAUSES, Explanation, FramePath, NumericsWords
from nnasim.ir.result import SimResult
from nnasim.markup import counted, visible
from nnasim.units import cycles_to_ms
from reports.blocks import shown
from reports.explanation import MOST_LAYERS, named_groups, path_sentence, turn_sentence
from reports.text import number, percent
from reports.waits import CpuGroup, Waits, best_limits, waits_of

MOST_LINES = 15
MOST_TURNS, MOST_REASONS, MOST_DECIDING, MOST_CAUSES = 2, 3, 2, 3
INDENT = 15  # of what stands behind a name
LEAST_SHARE = 0.05  # of a frame: a smaller part is a trifle

Line = tuple[str, str]
"""A name, and what stands behind it; an empty name continues the one before."""


class Room(NamedTuple):
    """The columns of the terminal."""

    width: int

    @property
    def beside(self) -> int:
        """Columns behind a name."""
        return self.width - INDENT

    def lines(self, name: str, text: str) -> list[str]:
        """``text`` behind ``name``: a second line where it needs one."""
        parts = textwrap.wrap(visible(text), self.beside, break_on_hyphens=False) or [""]
        return [f"  {name:<{INDENT - 2}}{parts[0]}", *(f"{'':{INDENT}}{part}" for part in parts[1:])]


def short_lines(result: SimResult, width: int) -> list[str]:
    """The waits of a frame, what helps most, the least change, why the CPU works, and the assumptions behind them."""
    room = Room(width)
    lines = [f"{visible(result.system)} on {visible(result.preset)}"]
    for name, text in _parts(result, room):
        lines += room.lines(name, text)
    return lines[:MOST_LINES]


def _parts(result: SimResult, room: Room) -> Iterator[Line]:
    explained = result.explanation
    if explained is None or explained.path is None or (waits := waits_of(result)) is None:
        return
    yield from _named("one frame", _causes(explained.path, result.clock_hz, room))
    if explained.numerics_words is not None:
        yield "words wrong", _words(explained.numerics_words)
    yield from _named(
        "would help", [f"{limit}: {percent(share, 1)} of a frame saved" for share, limit in best_limits(waits)]
    )
    yield from _named("least change", [shown(turn_sentence(turn)) for turn in waits.turns[:MOST_TURNS]])
    if waits.cpu:
        yield "on the CPU", _on_the_cpu(waits)
    yield from _named("because", list(_reasons(waits, room)))
    if explained.complete:
        yield "hangs on", _deciding(explained)


def _named(name: str, texts: list[str]) -> Iterator[Line]:
    """``texts``, a line each, the first behind ``name``."""
    return ((name if place == 0 else "", text) for place, text in enumerate(texts))


def _causes(path: FramePath, clock_hz: float, room: Room) -> list[str]:
    """The largest part of a frame with as many of its layers as fit into a line, and the other parts worth a name."""
    sentences = [shown(path_sentence(path, clock_hz, most_layers=most)) for most in range(MOST_LAYERS, 0, -1)]
    first = next((sentence for sentence in sentences if len(sentence) <= room.beside), sentences[-1])
    others = [
        f"{number(cycles_to_ms(cycles, clock_hz))} ms: {CAUSES[cause]}"
        for cause, cycles in list(path.by_cause.items())[1:MOST_CAUSES]
        if cycles >= LEAST_SHARE * path.cycles
    ]
    return [first, *others]


def _words(decoded: NumericsWords) -> str:
    """The words wrong, and the field of the numerics that costs most of them."""
    wrong = f"{decoded.errors:,} of {decoded.words:,}"
    costly = max(decoded.fields, key=lambda field: field.saved or 0, default=None)
    if costly is None or not costly.saved or costly.saved < 0:
        return f"{wrong}: no field of the numerics costs any"
    between = "" if costly.interval is None else f" ({costly.interval[0]:.0f} to {costly.interval[1]:.0f})"
    return f"{wrong}: {costly.saved:,} fewer{between} with {costly.field} {costly.eased}"


def _on_the_cpu(waits: Waits) -> str:
    operations = counted(sum(group.operations for group in waits.cpu), "operation")
    cpu_ms, handoff_ms = sum(group.cpu_ms for group in waits.cpu), sum(group.handoff_ms for group in waits.cpu)
    handed = f", and {number(handoff_ms)} ms of hand-offs" if handoff_ms else ""
    return f"{operations}: {number(cpu_ms)} ms{handed}, over the run"


def _reasons(waits: Waits, room: Room) -> Iterator[str]:
    """The reasons for most of that time, the largest first, each with the operations it is of where they fit."""
    groups: dict[str, list[CpuGroup]] = {}
    for group in waits.cpu:
        for reason in group.reasons:
            groups.setdefault(reason, []).append(group)
    costs = {reason: sum(group.cpu_ms + group.handoff_ms for group in own) for reason, own in groups.items()}
    for reason in sorted(groups, key=lambda reason: -costs[reason])[:MOST_REASONS]:
        names = named_groups([group.group for group in groups[reason]])
        line = f"{reason} ({names})"
        yield line if len(visible(line)) <= room.beside else reason


def _deciding(explained: Explanation) -> str:
    """The assumed numbers that change the bottleneck within their ranges."""
    assert explained.base is not None
    now = explained.base.bottleneck
    fields = [swing.field for swing in explained.swings if {swing.at_low.bottleneck, swing.at_high.bottleneck} - {now}]
    if not fields:
        return "no assumed number: none changes what it waits for"
    more = f" and {len(fields) - MOST_DECIDING} more" if len(fields) > MOST_DECIDING else ""
    return f"{', '.join(fields[:MOST_DECIDING])}{more}: assumed, so measure first"
