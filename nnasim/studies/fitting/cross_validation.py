"""The errors of a fit on rows that it was not fitted to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnasim.studies.fitting.model import FitModel, Vector
from nnasim.studies.fitting.search import found

FOLDS = 5
FEW_ROWS = 12  # up to so many, each row is left out by itself
EVALUATIONS = 8  # of a search that begins where all rows led
SEED = 0


def folds(rows: int, fields: int) -> list[NDArray[np.int64]]:
    """Places of the rows that are left out together; none if what stays would be fewer than the fields."""
    order = np.random.default_rng(SEED).permutation(rows)
    parts = np.array_split(order, rows if rows <= FEW_ROWS else FOLDS)
    return [part for part in parts if rows - len(part) >= fields]


def held_out_errors(model: FitModel, at: Vector) -> Vector | None:
    """Relative error of each row as the others predict it, shape (rows,); None if they are too few for that."""
    parts = folds(len(model.rows), len(model.fields))
    if sum(map(len, parts)) < len(model.rows):
        return None
    errors = np.empty(len(model.rows))
    for number, part in enumerate(parts, start=1):
        others = np.setdiff1d(np.arange(len(model.rows)), part)
        reached = found(model.part(others), at, EVALUATIONS)
        errors[part] = model.part(part).errors(reached)
        model.progress("folds", number, len(parts))
    return errors
