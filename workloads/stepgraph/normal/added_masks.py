"""Masks that are added: zeros, and numbers beyond all logits where something is to be left out.

They are written as a constant, as a choice between 0 and such a number, or as a truth value times that number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workloads.stepgraph.graph import Node
from workloads.stepgraph.normal.rewriting import Rewriting
from workloads.stepgraph.normal.tables import is_one_number

BEYOND = 1000.0
"""The least magnitude of an added mask: a bias of -120 dB is none."""


@dataclass(frozen=True, eq=False)
class Mask:
    """``number`` where ``condition``, a value or the known part of it, is ``where_true``, else 0; of ``shape``."""

    condition: str | NDArray[np.bool_]
    number: float
    shape: tuple[int, ...]
    where_true: bool = True


def mask_of(work: Rewriting, name: str) -> Mask | None:
    """The mask that ``name`` is; None if it is not one."""
    if name in work.constants:
        return _known(work, name)
    node = work.maker(name, "Where", "Mul", "Reshape")
    if node is None:
        return None
    if node.operator == "Reshape":
        mask = mask_of(work, node.inputs[0])
        return mask and replace(mask, shape=work.shape(name))
    return (_chosen if node.operator == "Where" else _times_truth)(work, node)


def _known(work: Rewriting, name: str) -> Mask | None:
    values = work.constants[name]
    ends = set(np.sign(values[np.abs(values) >= BEYOND]).tolist()) if values.dtype.kind == "f" else set()
    if len(ends) != 1 or not ((values == 0) | (np.abs(values) >= BEYOND)).all() or values.all():
        return None
    end = values.min() if ends == {-1.0} else values.max()
    return Mask(values != 0, float(end), values.shape)


def _chosen(work: Rewriting, node: Node) -> Mask | None:
    """A choice between 0 and a number."""
    condition, *sides = node.inputs
    if condition in work.constants:
        return None
    a, b = (one_number(work, side) for side in sides)
    for number, other, where_true in ((a, b, True), (b, a, False)):
        if other == 0 and number is not None and abs(number) >= BEYOND:
            return Mask(condition, number, work.shape(node.outputs[0]), where_true)
    return None


def _times_truth(work: Rewriting, node: Node) -> Mask | None:
    """A truth value times a number."""
    for factor, truth in (node.inputs, node.inputs[::-1]):
        number = one_number(work, factor)
        if number is not None and BEYOND <= abs(number) < np.inf and (found := _truth(work, truth)):
            condition, is_true = found
            return Mask(condition, number, work.shape(node.outputs[0]), is_true)
    return None


def _truth(work: Rewriting, name: str) -> tuple[str, bool] | None:
    """The condition that ``name`` is 1 for where it is true, or false: a Cast of it, or 1 less that."""
    node = work.maker(name, "Cast", "Sub")
    if node is None:
        return None
    if node.operator == "Cast":
        condition = node.inputs[0]
        known = condition in work.constants or work.dtype(condition) != "bool"
        return None if known else (condition, True)
    one, truth = node.inputs
    found = _truth(work, truth) if one_number(work, one) == 1 else None
    return found and (found[0], not found[1])


def one_number(work: Rewriting, name: str) -> float | None:
    """The number that a constant is, for all elements alike."""
    constant = work.constants.get(name)
    return float(constant.flat[0]) if constant is not None and is_one_number(constant) else None
