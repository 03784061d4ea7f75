"""The Pareto front: the points that no other beats (at least as good in every objective and better in one), and its
volume.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def pareto_mask(costs: Any) -> Any:
    """True where a row of ``costs`` [points, objectives] (less is better) is not dominated; bool [points].

    Rows are visited by their sum, so that whatever dominates a row comes before it: O(points x front). Equal rows are
    all on the front. Rows with a NaN are never on it.
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


MOST_SLICES = 20_000  # areas that make up a volume: some seconds of work


def hypervolume(costs: Any, reference: Any) -> float | None:
    """The volume of all that is no better than a row of ``costs`` [points, objectives] and better than ``reference``.

    By slices along the last objective, down to areas (Zitzler and Thiele 1998 define it); None if that would be more
    than ``MOST_SLICES`` of them.
    """
    costs = np.asarray(costs, dtype=np.float64)
    inside = costs[(costs < reference).all(axis=1)]
    if len(inside) ** max(0, costs.shape[1] - 2) > MOST_SLICES:
        return None
    return _volume(inside, np.asarray(reference, dtype=np.float64))


def _volume(costs: Any, reference: Any) -> float:
    if not len(costs):
        return 0.0
    if costs.shape[1] == 1:
        return float(reference[0] - costs.min())
    ordered = costs[np.argsort(costs[:, -1], kind="stable")]
    if costs.shape[1] == 2:
        widths = reference[0] - np.minimum.accumulate(ordered[:, 0])
        return float((widths * np.diff(ordered[:, 1], append=reference[1])).sum())
    depths = np.diff(ordered[:, -1], append=reference[-1])
    slices = (_volume(ordered[: n + 1, :-1], reference[:-1]) * depth for n, depth in enumerate(depths) if depth)
    return float(sum(slices))
