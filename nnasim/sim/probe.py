"""The records that blocks make while they run: spans of work and of waiting, and the current waits."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnasim.ir.program import Block
from nnasim.ir.run import Record, Repeat

_record = tuple.__new__  # half the time of Record(...), which a paper-sized frame needs 11,500 times


@dataclass
class Probe:
    """Collects records. Statistics are computed afterwards, in ``nnasim.analysis``."""

    records: list[Record] = field(default_factory=list)
    repeats: list[Repeat] = field(default_factory=list)
    origin: int = 0  # the cycle from which records count
    waiting: dict[tuple[str, int], str] = field(default_factory=dict)

    def busy(self, block: Block, track: int, op: int, start: int, end: int, bytes: int = 0) -> None:
        """Record that ``block`` worked on ``op`` from ``start`` to ``end``; without length only if bytes were moved."""
        if end > start or bytes:
            origin = self.origin
            self.records.append(_record(Record, (block, track, op, start - origin, end - origin, bytes, "")))

    def stall(self, block: Block, track: int, op: int, start: int, end: int, reason: str) -> None:
        """Record that ``block`` waited for ``reason``."""
        if end > start:
            origin = self.origin
            self.records.append(_record(Record, (block, track, op, start - origin, end - origin, 0, reason)))

    def begin_wait(self, block: Block, track: int, reason: str) -> None:
        """Note that ``block`` waits for ``reason`` from now on; a deadlock's message lists these."""
        self.waiting[block, track] = reason

    def end_wait(self, block: Block, track: int) -> None:
        """Note that the wait is over."""
        self.waiting.pop((block, track), None)

    def who_waits(self) -> str:
        """A line with every block that waits, and for what."""
        return "; ".join(f"{block} {track} waits for {why}" for (block, track), why in sorted(self.waiting.items()))
