"""Arithmetic on intervals [start, end) of cycles."""

from __future__ import annotations

from collections.abc import Iterable

Interval = tuple[int, int]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Disjoint intervals, ascending, that cover the same cycles."""
    joined: list[Interval] = []
    open_start = open_end = -1  # the interval that may still grow; plain numbers, since a sweep joins millions
    for start, end in sorted(intervals):
        if start <= open_end and open_end >= 0:
            if end > open_end:
                open_end = end
        elif end > start:
            if open_end >= 0:
                joined.append((open_start, open_end))
            open_start, open_end = start, end
    if open_end >= 0:
        joined.append((open_start, open_end))
    return joined


def length(intervals: Iterable[Interval]) -> int:
    """Cycles that the intervals cover together."""
    return total(union(intervals))


def total(disjoint: Iterable[Interval]) -> int:
    """The sum of the intervals' lengths."""
    return sum([end - start for start, end in disjoint])
