"""The certainty of fitted values: which of them the rows cannot tell apart, and which no row depends on.

Intervals are asymptotic: standard errors from the slopes at the solution, by the sandwich that allows each row an error
of its own size (HC3; MacKinnon and White 1985), times Student's t. So rows that the simulator cannot explain widen
them. Then each end moves out for as long as the rows do not contradict it with the other fields held: the simulator
counts whole cycles, and beyond a limit (a bus that is full) a field may change nothing at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from nnasim.studies.fitting.model import WHOLE_CYCLES, FitModel, Vector
from nnasim.studies.fitting.search import squares

CONFIDENCE = 0.95
APART = 0.7  # of a coordinate, about twice or half: an interval wider than that tells nothing
ALONG = 0.5  # of a coordinate: how far fields are moved against each other to see whether a row notices
UNSEEN = 2e-4  # change of the rows, relative, that nobody measures
PART_OF = 0.2  # of a direction's largest part, from which on a field belongs to it
HALVINGS = 5
NO_WORSE = 1.01  # of the sum of squares


@dataclass(frozen=True)
class Bounds:
    """An interval in coordinates."""

    low: float
    high: float


@dataclass(frozen=True)
class Together:
    """Fields that rows cannot tell apart. ``weights``: how they move against each other.

    ``direction``: the weights of all fields, of unit length. ``changes``: the root mean square of the rows' relative
    change when the largest of them moves by half.
    """

    fields: tuple[str, ...]
    weights: tuple[float, ...]
    changes: float
    direction: Vector


@dataclass(frozen=True)
class Confidence:
    """The certainty of fitted fields.

    ``bounds``: of each field, None if it is in a ``Together`` or if there are too few rows to know them. ``noise``:
    standard deviation of a row's relative error.
    """

    bounds: tuple[Bounds | None, ...]
    together: tuple[Together, ...]
    noise: float


def confidence(model: FitModel, at: Vector) -> Confidence:
    """The certainty of the solution ``at``. Every field has a row that depends on it."""
    slopes, errors = model.slopes(at), model.errors(at)
    _, sizes, directions = np.linalg.svd(slopes, full_matrices=True)
    free = len(errors) - len(model.fields)
    rounding = float(np.sqrt(np.mean((model.whole_cycle / model.measured) ** 2 / 12)))
    noise = max(math.sqrt(float(np.sum(errors**2)) / free) if free > 0 else 0.0, rounding)
    sizes = np.pad(sizes, (0, len(model.fields) - len(sizes)))
    wide = stats.t.ppf((1 + CONFIDENCE) / 2, max(free, 1)) * noise
    blind = [
        place
        for place, direction in enumerate(directions)
        if _is_blind(model, at, direction, float(sizes[place]), wide, float(sizes[0]))
    ]
    together = tuple(_together(model, at, directions[place]) for place in blind)
    seen = [place for place in range(len(directions)) if place not in blind]
    unsure = {name for group in together for name in group.fields}
    if free <= 0:
        return Confidence(tuple(None for _ in model.fields), together, noise)
    spreads = _standard_errors(slopes, errors, directions[seen], sizes[seen], rounding)
    width = stats.t.ppf((1 + CONFIDENCE) / 2, free) * spreads
    limit = squares(model, at) + (noise * stats.t.ppf((1 + CONFIDENCE) / 2, free)) ** 2
    bounds = tuple(
        None if field.name in unsure else _bounds(model, at, place, float(width[place]), limit)
        for place, field in enumerate(model.fields)
    )
    return Confidence(bounds, together, noise)


def _is_blind(model: FitModel, at: Vector, direction: Vector, size: float, wide: float, largest: float) -> bool:
    """Whether no row tells how far the fields have moved along ``direction``."""
    if size > 0.3 * largest and wide < APART * size:
        return False  # plain enough without a look
    change = _change(model, at, direction)
    blurred = ALONG * largest / math.sqrt(len(model.rows)) / WHOLE_CYCLES  # as far as slopes are known
    return change < UNSEEN + blurred or wide * ALONG > APART * change * math.sqrt(len(model.rows))


def _change(model: FitModel, at: Vector, direction: Vector) -> float:
    """The root mean square of the rows' relative change, half a coordinate along ``direction``.

    It is taken on the side where the fields' ranges leave more room, and in proportion if that is less than half.
    """
    unit = direction / np.abs(direction).max()
    way = max((unit, -unit), key=lambda way: _room(model, at, way))
    length = min(ALONG, _room(model, at, way))
    if length <= 0:
        return math.inf
    seen = model.predicted(at + length * way) / model.predicted(at) - 1
    return float(np.sqrt(np.mean(seen**2))) * ALONG / length


def _room(model: FitModel, at: Vector, way: Vector) -> float:
    """The multiple of ``way`` that fits between ``at`` and the end of a range."""
    moving = np.abs(way) > 1e-3  # less is the blur of a slope
    ends = np.where(way > 0, model.highest - at, at - model.lowest)
    return float((ends[moving] / np.abs(way[moving])).min())


def _together(model: FitModel, at: Vector, direction: Vector) -> Together:
    parts = direction / np.abs(direction).max()
    named = [place for place in range(len(parts)) if abs(parts[place]) >= PART_OF]
    return Together(
        fields=tuple(model.fields[place].name for place in named),
        weights=tuple(float(parts[place]) for place in named),
        changes=_change(model, at, direction),
        direction=direction,
    )


def as_near_as_before(model: FitModel, at: Vector, groups: Sequence[Together]) -> Vector:
    """``at`` moved along directions that no row depends on, as near to the chip as it was given as they lead."""
    for group in groups:
        far = float((model.start - at) @ group.direction)
        way = math.copysign(1.0, far) * group.direction
        moved = np.clip(at + min(abs(far), _room(model, at, way)) * way, model.lowest, model.highest)
        if squares(model, moved) <= NO_WORSE * squares(model, at) + len(model.rows) * UNSEEN**2:
            at = moved
    return at


def _standard_errors(slopes: Vector, errors: Vector, directions: Vector, sizes: Vector, rounding: float) -> Vector:
    """The standard error of each coordinate, shape (fields,), within the directions that rows depend on."""
    inverse = (directions.T / sizes**2) @ directions  # of slopes' slopes, where it has one
    share = np.clip(np.einsum("ri,ij,rj->r", slopes, inverse, slopes), 0, 0.9)
    weighted = slopes * (errors / (1 - share))[:, None]
    spread = inverse @ (weighted.T @ weighted) @ inverse + rounding**2 * inverse
    standard: Vector = np.sqrt(np.diag(spread))
    return standard


def _bounds(model: FitModel, at: Vector, place: int, width: float, limit: float) -> Bounds:
    return Bounds(
        _end(model, at, place, -max(width, 1e-6), limit),
        _end(model, at, place, max(width, 1e-6), limit),
    )


def _end(model: FitModel, at: Vector, place: int, width: float, limit: float) -> float:
    """The outermost coordinate, at least ``width`` away, at which the rows do not yet contradict the field."""
    near, far = 0.0, width
    while squares(model, model.moved(at, place, far)) <= limit:
        if _is_at_edge(model, at, place, far):
            return float(model.moved(at, place, far)[place])
        near, far = far, 2 * far
    if near == 0:
        return float(model.moved(at, place, width)[place])
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        if squares(model, model.moved(at, place, middle)) <= limit:
            near = middle
        else:
            far = middle
    return float(model.moved(at, place, far)[place])


def _is_at_edge(model: FitModel, at: Vector, place: int, step: float) -> bool:
    there = at[place] + step
    return bool(there <= model.lowest[place] or there >= model.highest[place])
