"""Which weights stay in SRAM: a 0/1 knapsack of bytes of SRAM against bytes of DRAM traffic saved."""

from __future__ import annotations

from collections.abc import Sequence

from nnasim.compiler.weights import WeightUse

# Nodes of the search after which the best choice so far is taken. A recogniser's few dozen weights need thousands.
MOST_NODES = 200_000


def choose_residents(uses: Sequence[WeightUse], capacity_bytes: int) -> frozenset[str]:
    """The tensors whose residence saves most DRAM traffic within ``capacity_bytes``."""
    worth = [use for use in uses if use.bytes <= capacity_bytes and use.traffic_bytes > 0]
    if sum(use.bytes for use in worth) <= capacity_bytes:
        return frozenset(use.tensor for use in worth)
    return frozenset(use.tensor for use in _knapsack(worth, capacity_bytes))


def _knapsack(items: list[WeightUse], capacity: int) -> tuple[WeightUse, ...]:
    """Exact branch and bound (Horowitz and Sahni 1974): densest first, pruned by the fractional relaxation.

    Not scipy's ``milp``: importing it costs more than a whole simulation, and its solver prints to standard output.
    """
    items = sorted(items, key=lambda use: (-use.traffic_bytes / use.bytes, use.tensor))
    best: tuple[WeightUse, ...] = ()
    most = -1
    open_nodes: list[tuple[int, int, int, tuple[WeightUse, ...]]] = [(0, capacity, 0, ())]
    for _ in range(MOST_NODES):
        if not open_nodes:
            break
        index, free, saved, chosen = open_nodes.pop()
        if saved > most:
            most, best = saved, chosen
        if index == len(items) or saved + _relaxed(items, index, free) <= most:
            continue
        use = items[index]
        open_nodes.append((index + 1, free, saved, chosen))
        if use.bytes <= free:
            open_nodes.append((index + 1, free - use.bytes, saved + use.traffic_bytes, (*chosen, use)))
    return best


def _relaxed(items: list[WeightUse], index: int, free: int) -> float:
    """What the items from ``index`` on save at most in ``free`` bytes: the last one that fits may be cut."""
    saved = 0.0
    for use in items[index:]:
        if use.bytes > free:
            return saved + use.traffic_bytes * free / use.bytes
        saved, free = saved + use.traffic_bytes, free - use.bytes
    return saved
