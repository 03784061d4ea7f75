"""The waits of one result, and the gain of each change, in the figures that programs read."""

from __future__ import annotations

from collections.abc import Sequence

from nnasim.ir.explanation import Cause, CpuOp, Explanation, Figures, Turn, WhatIf
from nnasim.ir.result import SimResult
from nnasim.records import Frozen, Integer, Items, Number
from nnasim.units import cycles_to_ms

MOST_HELPS = 3  # limits that are named
LEAST_SHARE = 0.0005  # of a frame: less reads as 0.0 %


class CpuGroup(Frozen):
    """Operations that the CPU runs and that one placement moves: what they take over the whole run, and why there.

    ``handoffs``: crossings on their behalf, which take ``handoff_ms``.
    """

    group: str
    operations: Integer
    cpu_ms: Number
    handoffs: Integer
    handoff_ms: Number
    reason: str

    @property
    def reasons(self) -> list[str]:
        """Each reason of ``reason``."""
        return self.reason.split("; ")


class Waits(Frozen):
    """The parts of a frame's time, what would help, and why operations are on the CPU.

    ``by_cause_ms``: the critical path of frame ``frame`` of the first utterance; it adds up to that frame's latency.
    ``base``: medians over all frames and utterances as it is, ``what_ifs``: with one limit lifted; null and empty if
    nothing was run. ``turns``: least changes that move the bottleneck, where they were looked for.
    """

    frame: Integer
    by_cause_ms: dict[Cause, Number]
    base: Figures | None = None
    what_ifs: Items[WhatIf] = ()
    turns: Items[Turn] = ()
    cpu: Items[CpuGroup] = ()


def waits_of(result: SimResult) -> Waits | None:
    """The waits of ``result``; None if it recorded no critical path, as before version 0.2."""
    explained = result.explanation
    if explained is None or explained.path is None:
        return None
    return Waits(
        frame=explained.path.frame,
        by_cause_ms={
            cause: cycles_to_ms(cycles, result.clock_hz) for cause, cycles in explained.path.by_cause.items()
        },
        base=explained.base,
        what_ifs=explained.what_ifs,
        turns=explained.turns,
        cpu=cpu_groups(explained),
    )  # fmt: skip


def cpu_groups(explained: Explanation) -> tuple[CpuGroup, ...]:
    """The operations of the CPU by what moves together, in the order of the first of each."""
    groups: dict[str, list[CpuOp]] = {}
    for op in explained.cpu_ops:
        groups.setdefault(op.group, []).append(op)
    return tuple(_group(group, ops) for group, ops in groups.items())


def _group(group: str, ops: Sequence[CpuOp]) -> CpuGroup:
    return CpuGroup(
        group=group,
        operations=len(ops),
        cpu_ms=sum(op.cpu_ms for op in ops),
        handoffs=sum(op.crossings for op in ops),
        handoff_ms=sum(op.crossing_ms for op in ops),
        reason="; ".join(dict.fromkeys(op.reason for op in ops)),
    )


def best_limits(waits: Waits) -> list[tuple[float, str]]:
    """(share of a frame that is spared, limit) of those whose lifting spares most, the best first."""
    base = waits.base
    if base is None or not base.frame_ms:
        return []
    saved = [
        (1 - what_if.figures.frame_ms / base.frame_ms, what_if.limit) for what_if in waits.what_ifs if what_if.figures
    ]
    return sorted((each for each in saved if each[0] >= LEAST_SHARE), key=lambda each: -each[0])[:MOST_HELPS]
