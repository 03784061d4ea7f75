"""Arithmetic on intervals [start, end) of cycles."""

from __future__ import annotations

from collections.abc import Iterable

Interval = tuple[int, int]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Disjoint intervals, ascending, that cover the same cycles."""
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif end > start:
            joined.append((start, end))
    return joined


def length(intervals: Iterable[Interval]) -> int:
    """Cycles that the intervals cover together."""
    return sum(end - start for start, end in union(intervals))
