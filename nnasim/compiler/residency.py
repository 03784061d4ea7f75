"""Which weights stay in SRAM: a 0/1 knapsack of bytes of SRAM against bytes of DRAM traffic saved."""

from __future__ import annotations

from collections.abc import Sequence

from nnasim.compiler.weights import WeightUse


def choose_residents(uses: Sequence[WeightUse], capacity_bytes: int) -> frozenset[str]:
    """The tensors whose residence saves most DRAM traffic within ``capacity_bytes``.

    Solved exactly by scipy's mixed-integer solver; trivial cases never load scipy.
    """
    worth = [use for use in uses if use.bytes <= capacity_bytes and use.traffic_bytes > 0]
    if sum(use.bytes for use in worth) <= capacity_bytes:
        return frozenset(use.tensor for use in worth)
    return frozenset(worth[index].tensor for index in _knapsack(worth, capacity_bytes))


def _knapsack(items: list[WeightUse], capacity: int) -> list[int]:
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp

    sizes = np.array([item.bytes for item in items], dtype=float)
    values = np.array([item.traffic_bytes for item in items], dtype=float)
    answer = milp(
        -values / values.max(),  # scaled, so that the solver's tolerances mean the same for every trace
        integrality=np.ones(len(items)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint((sizes / capacity)[None, :], -np.inf, 1.0),
    )
    chosen = [index for index, share in enumerate(answer.x) if share > 0.5]
    while (
        sum(items[index].bytes for index in chosen) > capacity
    ):  # the solver's feasibility is a tolerance, ours is not
        chosen.remove(min(chosen, key=lambda index: items[index].traffic_bytes))
    return chosen
