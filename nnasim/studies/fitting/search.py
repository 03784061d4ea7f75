"""Bounded least squares on the simulator, in relative errors."""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

from nnasim.studies.fitting.model import FitModel, Vector

LEAPS = (0.25, 1.0, 2.5, 5.0)  # of a coordinate; what a slope at the start would not see
MOST_EVALUATIONS = 60
ROUNDS = 2  # with outliers: the usual error is known better after the first
OUTLIER = 2.5  # times the usual error; normal errors alone are beyond it in one of 80 rows, which costs little
LEAST_FREE = 6  # rows more than fields, from which on the usual error is known
FAR = 0.25  # of a coordinate: no row depends any more on a field that can move so far without a change
HALVINGS = 18
STILL = 1e-5  # a coordinate's change at which the search ends


def found(model: FitModel, at: Vector, evaluations: int = MOST_EVALUATIONS) -> Vector:
    """The coordinates of least squares near ``at``, shape (fields,), inside of the fields' ranges.

    If some rows are far off compared with the rest, the search continues with those rows counting by their distance
    instead of its square (soft L1): an error that the simulator cannot explain is not attributed to a field that has
    nothing to do with it.
    """
    at = _walked(model, at, evaluations, None)
    for _ in range(ROUNDS):
        scale = _scale_with_outliers(model, at)
        if scale is None:
            break
        at = _walked(model, at, evaluations, scale)
    return at


def _walked(model: FitModel, at: Vector, evaluations: int, scale: float | None) -> Vector:
    """The end of a search that begins at ``at``; ``scale``: the error beyond which rows count less."""
    inside = np.clip(at, model.lowest, model.highest)
    room = 1e-9 * (1 + np.abs(inside))
    begin = np.clip(inside, model.lowest + room, model.highest - room)
    result = least_squares(
        model.errors,
        begin,
        jac=model.slopes,
        bounds=(model.lowest, model.highest),
        method="trf",
        loss="linear" if scale is None else "soft_l1",
        f_scale=scale or 1.0,
        xtol=STILL,
        ftol=1e-8,
        gtol=1e-14,
        max_nfev=evaluations,
    )
    reached: Vector = result.x
    return min((inside, reached), key=lambda there: _cost(model, there, scale))


def _cost(model: FitModel, at: Vector, scale: float | None) -> float:
    if scale is None:
        return squares(model, at)
    return float(np.sum(np.sqrt(1 + (model.errors(at) / scale) ** 2) - 1))


def _scale_with_outliers(model: FitModel, at: Vector) -> float | None:
    """The usual error of a row; None if no row is far beyond it, or if the rows are too few to tell what is usual."""
    if len(model.rows) < len(model.fields) + LEAST_FREE:
        return None
    errors = np.abs(model.errors(at))
    scale = max(1.4826 * float(np.median(errors)), float(np.median(model.whole_cycle / model.measured)))
    return scale if float(errors.max()) > OUTLIER * scale else None


def settled(model: FitModel, at: Vector) -> Vector:
    """``at`` with each field that no longer changes any row moved back to where that begins.

    A rate beyond what a bus carries has no effect: of all such rates the least is given.
    """
    for place in range(len(model.fields)):
        for way in (FAR, -FAR):
            if _same(model, at, model.moved(at, place, way)) and model.moved(at, place, way)[place] != at[place]:
                at = _edge(model, at, place, -way)
    return at


def _edge(model: FitModel, at: Vector, place: int, way: float) -> Vector:
    """The farthest that the field can go along ``way`` without a change of any row."""
    near, far = 0.0, way
    while _same(model, at, model.moved(at, place, far)):
        if model.moved(at, place, far)[place] in (model.lowest[place], model.highest[place]):
            return at
        near, far = far, 2 * far
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        near, far = (middle, far) if _same(model, at, model.moved(at, place, middle)) else (near, middle)
    return model.moved(at, place, near)


def _same(model: FitModel, at: Vector, there: Vector) -> bool:
    return bool((model.predicted(at) == model.predicted(there)).all())


def squares(model: FitModel, at: Vector) -> float:
    """The sum of squared relative errors."""
    return float(np.sum(model.errors(at) ** 2))


def leapt(model: FitModel) -> Vector:
    """The start of a search: the best of great leaps along each field in turn, from the chip as it was given."""
    best, least = model.start, squares(model, model.start)
    for _ in range(2):
        improved = False
        for place in range(len(model.fields)):
            for leap in (*LEAPS, *(-step for step in LEAPS)):
                tried = model.moved(best, place, leap)
                if (cost := squares(model, tried)) < least:
                    best, least, improved = tried, cost, True
        if not improved:
            break
    return best
