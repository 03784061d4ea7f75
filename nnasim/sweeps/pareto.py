"""Which points nothing beats: no other point is at least as good in every objective and better in one."""

from __future__ import annotations

from typing import Any

import numpy as np


def pareto_mask(costs: Any) -> Any:
    """True where a row of ``costs`` [points, objectives] (less is better) is not dominated; bool [points].

    Rows are visited by their sum, so that whatever dominates a row comes before it: O(points x front). Equal rows
    stand all on the front. Rows with a NaN are never on it.
    """
    costs = np.asarray(costs, dtype=np.float64)
    front: list[int] = []
    scale = np.nanmax(np.abs(costs), axis=0, initial=1e-300)
    for row in np.argsort((costs / scale).sum(axis=1), kind="stable"):
        if np.isnan(costs[row]).any():
            continue
        front_costs = costs[front]
        if not (np.all(front_costs <= costs[row], axis=1) & np.any(front_costs < costs[row], axis=1)).any():
            front.append(int(row))
    mask = np.zeros(len(costs), dtype=bool)
    mask[front] = True
    return mask
