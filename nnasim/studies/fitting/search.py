"""Bounded least squares on the simulator, in relative errors."""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

from nnasim.studies.fitting.model import FitModel, Vector

LEAPS = (0.25, 1.0, 2.5, 5.0)  # of a coordinate; what a slope at the start would not see
MOST_EVALUATIONS = 60
FAR = 0.25  # of a coordinate: who moves so far and changes no row is out of the rows' sight
HALVINGS = 18
STILL = 1e-5  # a coordinate's change at which the search ends


def found(model: FitModel, at: Vector, evaluations: int = MOST_EVALUATIONS) -> Vector:
    """The coordinates of least squares near ``at``, shape (fields,), inside of the fields' ranges."""
    inside = np.clip(at, model.lowest, model.highest)
    room = 1e-9 * (1 + np.abs(inside))
    begin = np.clip(inside, model.lowest + room, model.highest - room)
    result = least_squares(
        model.errors,
        begin,
        jac=model.slopes,
        bounds=(model.lowest, model.highest),
        method="trf",
        xtol=STILL,
        ftol=1e-8,
        gtol=1e-14,
        max_nfev=evaluations,
    )
    reached: Vector = result.x
    return min((inside, reached), key=lambda there: squares(model, there))


def settled(model: FitModel, at: Vector) -> Vector:
    """``at`` with each field that rows have ceased to see moved back to where they cease to.

    A rate beyond what a bus carries decides nothing: of all such rates the least is named.
    """
    for place in range(len(model.fields)):
        for way in (FAR, -FAR):
            if _same(model, at, model.moved(at, place, way)) and model.moved(at, place, way)[place] != at[place]:
                at = _edge(model, at, place, -way)
    return at


def _edge(model: FitModel, at: Vector, place: int, way: float) -> Vector:
    """The farthest that the field can go along ``way`` with no row the wiser."""
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
    """The best of great leaps along each field in turn, from the chip as it came: where the search may begin."""
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
