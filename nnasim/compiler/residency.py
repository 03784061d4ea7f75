"""The choice of weights that stay in SRAM: a 0/1 knapsack of SRAM bytes against saved bytes of DRAM traffic, solved
exactly.

Exactness is what makes capacity monotone: the best choice within more bytes is never worse than within fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

import numpy as np

from nnasim.compiler.allocate import ALIGNMENT_BYTES
from nnasim.units import ceil_div

# Nodes of the search after which the table decides instead. A recogniser's few dozen weights need hundreds.
MOST_NODES = 20_000
MOST_CELLS = 2**27  # bytes of the table; beyond it sizes are rounded up to coarser steps, the same for every capacity


class Item(NamedTuple):
    """A weight that may stay: its bytes of SRAM, and the bytes of DRAM traffic that this saves (may be negative)."""

    tensor: str
    bytes: int
    saved: int


def choose_residents(items: Sequence[Item], capacity_bytes: int) -> frozenset[str]:
    """The tensors whose residence saves most DRAM traffic within ``capacity_bytes``."""
    worth = sorted((item for item in items if item.saved > 0), key=lambda item: (-item.saved / item.bytes, item.tensor))
    if sum(item.bytes for item in worth) <= capacity_bytes:
        return frozenset(item.tensor for item in worth)
    step = _step(worth)
    fitting = [item for item in worth if item.bytes <= capacity_bytes]
    chosen = _searched(fitting, capacity_bytes) if step == ALIGNMENT_BYTES else None
    return frozenset(item.tensor for item in (_tabled(fitting, capacity_bytes, step) if chosen is None else chosen))


def most_saved(items: Sequence[Item], capacity_bytes: int) -> float:
    """The most that any choice could save: the fractional relaxation, in which the last weight may be cut."""
    worth = sorted((item for item in items if item.saved > 0), key=lambda item: -item.saved / item.bytes)
    return _relaxed(worth, 0, capacity_bytes)


def _searched(items: Sequence[Item], capacity: int) -> tuple[Item, ...] | None:
    """Exact branch and bound (Horowitz and Sahni 1974): densest first; None if it takes too long.

    Not scipy's ``milp``: importing it costs more than a whole simulation, and its solver prints to standard output.
    """
    best: tuple[Item, ...] = ()
    most = -1
    open_nodes: list[tuple[int, int, int, tuple[Item, ...]]] = [(0, capacity, 0, ())]
    for _ in range(MOST_NODES):
        if not open_nodes:
            return best
        index, free, saved, chosen = open_nodes.pop()
        if saved > most:
            most, best = saved, chosen
        if index == len(items) or saved + _relaxed(items, index, free) <= most:
            continue
        item = items[index]
        open_nodes.append((index + 1, free, saved, chosen))
        if item.bytes <= free:
            open_nodes.append((index + 1, free - item.bytes, saved + item.saved, (*chosen, item)))
    return None


def _relaxed(items: Sequence[Item], index: int, free: int) -> float:
    """The most that the items from ``index`` on can save in ``free`` bytes."""
    saved = 0.0
    for item in items[index:]:
        if item.bytes > free:
            return saved + item.saved * free / item.bytes
        saved, free = saved + item.saved, free - item.bytes
    return saved


def _step(items: Sequence[Item]) -> int:
    """Bytes of one cell of the table; follows from the weights alone, so that all capacities share it."""
    cells = len(items) * (sum(item.bytes for item in items) // ALIGNMENT_BYTES + 1)
    return ALIGNMENT_BYTES * ceil(cells / MOST_CELLS)


def _tabled(items: Sequence[Item], capacity: int, step: int) -> list[Item]:
    """Dynamic programming over capacities in steps of ``step`` bytes: exact where every size is a multiple of it."""
    cells = capacity // step + 1
    best = np.zeros(cells, np.int64)
    taken = np.zeros((len(items), cells), bool)
    for row, item in enumerate(items):
        size = ceil_div(item.bytes, step)
        if size < cells:
            better = best[: cells - size] + item.saved
            taken[row, size:] = better > best[size:]
            best[size:] = np.maximum(best[size:], better)
    chosen, free = [], cells - 1
    for row in reversed(range(len(items))):
        if taken[row, free]:
            chosen.append(items[row])
            free -= ceil_div(items[row].bytes, step)
    return chosen
