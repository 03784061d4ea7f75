"""The effects of axes: one-at-a-time swings (tornado), Sobol indices, and the bottleneck over two axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnasim.sweeps.frames import StoredSweep
from nnasim.sweeps.objectives import BOTTLENECK

if TYPE_CHECKING:
    import pandas as pd

LOOKUPS = 1024  # base samples of the Sobol estimate over a complete grid: only look-ups, no simulation
SEED = 0


def pareto(stored: StoredSweep, objectives: Sequence[str] | None = None) -> pd.DataFrame:
    """The points that no other beats in all ``objectives`` at once, sorted by the first; None: the sweep's own."""
    from nnasim.sweeps.pareto import pareto_mask

    names = list(stored.objectives if objectives is None else objectives)
    good = stored.good.dropna(subset=names)
    front = good[pareto_mask(good[names].to_numpy())]
    ordered: pd.DataFrame = front.sort_values(names, kind="stable").reset_index(drop=True)
    return ordered


def tornado(stored: StoredSweep, objective: str) -> pd.DataFrame:
    """The lowest and highest ``objective`` per axis when only this axis moves, the others at their middle; widest
    first.

    In a grid, the points that agree in all other axes with the middle point are compared. In a sample, which has no two
    such points, medians of the objective in five bins of the axis are used instead.
    """
    import pandas as pd

    on_grid = stored.is_sample and stored.job.spec.sampler == "grid"
    rows = []
    for axis in stored.axes:
        values = _one_at_a_time(stored, axis, objective) if on_grid else _binned(stored, axis, objective)
        if values.size > 1:
            rows.append({"axis": axis, "low": values.min(), "high": values.max(), "swing": values.max() - values.min()})
    frame = pd.DataFrame(rows, columns=["axis", "low", "high", "swing"])
    return frame.sort_values("swing", ascending=False, kind="stable").reset_index(drop=True)


def _one_at_a_time(stored: StoredSweep, axis: str, objective: str) -> Any:
    rows = stored.good
    for name, values in zip(stored.axes, stored.space.grid, strict=True):
        if name != axis:
            middle = values[len(values) // 2]
            rows = rows[rows[name].isna() if middle is None else rows[name] == middle]
    return rows[objective].dropna().to_numpy()


def _binned(stored: StoredSweep, axis: str, objective: str) -> Any:
    ordered = stored.good.sort_values(axis, kind="stable")[objective].dropna().to_numpy()
    return np.array([np.median(part) for part in np.array_split(ordered, 5) if part.size])


def sobol(stored: StoredSweep, objective: str) -> pd.DataFrame | None:
    """First-order and total Sobol indices of each axis (scipy.stats.sobol_indices); None if points are missing.

    They need a complete grid, whose values then are a look-up function, or a complete ``saltelli`` sample. An axis
    alone has all of the variance (scipy fails on a single one).
    """
    import pandas as pd
    from scipy.stats import sobol_indices, uniform

    values = _complete(stored, objective)
    if values is None or np.ptp(values) == 0:
        return None
    count = len(stored.axes)
    if count == 1:
        return pd.DataFrame({"axis": stored.axes, "first_order": [1.0], "total_order": [1.0]})
    if stored.job.spec.sampler == "grid":
        look_up = _grid_function(stored, values)
        indices = sobol_indices(func=look_up, n=LOOKUPS, dists=[uniform()] * count, rng=np.random.default_rng(SEED))
    else:
        indices = sobol_indices(func=_matrices(values, count), n=values.size // (count + 2))
    rows = {"axis": stored.axes, "first_order": indices.first_order.ravel(), "total_order": indices.total_order.ravel()}
    frame = pd.DataFrame(rows)
    return frame.sort_values("total_order", ascending=False, kind="stable").reset_index(drop=True)


def _complete(stored: StoredSweep, objective: str) -> Any:
    """The objective at every point in the sweep's order, None if one is missing, failed or left out."""
    sampled = stored.is_sample and stored.job.spec.sampler in ("grid", "saltelli")
    if not sampled or stored.total != stored.space.size or len(stored.good) != stored.total:
        return None
    values = stored.good[objective].to_numpy(dtype=np.float64)
    return None if np.isnan(values).any() else values


def _grid_function(stored: StoredSweep, values: Any) -> Callable[[Any], Any]:
    shape = tuple(len(axis) for axis in stored.space.grid)
    table = values.reshape(shape)

    def look_up(places: Any) -> Any:
        index = [np.minimum((p * n).astype(int), n - 1) for p, n in zip(places, shape, strict=True)]
        return table[tuple(index)].reshape(1, -1)

    return look_up


def _matrices(values: Any, count: int) -> dict[str, Any]:
    """A ``saltelli`` sample's values as scipy wants them: f(A), f(B) [1, n], and f(AB) [axes, 1, n]."""
    n = values.size // (count + 2)
    parts = values.reshape(count + 2, 1, n)
    return {"f_A": parts[0], "f_B": parts[1], "f_AB": parts[2:]}


def bottlenecks(stored: StoredSweep, across: str, upwards: str) -> pd.DataFrame:
    """The part that is busy longest at most points of each cell: rows ``upwards``, columns ``across``."""
    good = stored.good.dropna(subset=[BOTTLENECK])  # a figure of some points alone, in a store from elsewhere

    def commonest(parts: Any) -> str:
        counts = parts.value_counts()
        return str(min(counts[counts == counts.max()].index))

    return good.pivot_table(index=upwards, columns=across, values=BOTTLENECK, aggfunc=commonest)
