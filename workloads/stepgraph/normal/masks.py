"""Comparisons, and choices between two values, of which masks of attention consist.

A comparison is that of a difference with zero. A choice is a product with a truth value, or, if its filling lies beyond
all that occurs (-inf, -1000), a Saturate (x, condition): x, at the end of its range where the condition holds. A sum
with such a mask, of zeros and of values beyond, is a Saturate too.
"""

from __future__ import annotations

import numpy as np

from workloads.stepgraph.graph import Node
from workloads.stepgraph.normal.added_masks import Mask, mask_of, one_number
from workloads.stepgraph.normal.point_function import PointFunction
from workloads.stepgraph.normal.rewriting import Normal, Rewriting
from workloads.stepgraph.normal.tables import sources_of

BEYOND = 100.0
"""The magnitude from which on a filled-in value lies beyond all logits, so that it is a mask."""

_COMPARISONS = ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")


def with_masks(normal: Normal) -> Normal:
    """``normal`` without comparisons of two values, and without choices by a value."""
    work, sources, opposites = Rewriting(normal), sources_of(normal), dict[str, str]()
    for node in normal.graph.nodes:
        is_function = node.outputs[0] in sources and _is_real(work, sources[node.outputs[0]])
        if node.operator in _COMPARISONS and not is_function:
            _compare(work, node)
        elif node.operator == "And":
            work.write(Node(node.name, "Mul", node.inputs, node.outputs))
        elif node.operator == "Or" and not is_function:
            _either(work, node, opposites)
        elif node.operator == "Where" and not is_function:
            _choose(work, node, opposites)
        elif node.operator == "Add" and (sum_ := _masked_sum(work, node)):
            _mask(work, node, *sum_, opposites)
        else:
            work.write(node)
    return work.finished()


def is_of_the_sign(function: PointFunction) -> bool:
    """Whether ``function`` depends on a number's sign only: it compares it with zero, and continues from there."""
    asking = [node for node in function.nodes if function.source in node.inputs]
    asked = [function.constants[name] for node in asking for name in node.inputs if name in function.constants]
    return all(node.operator in _COMPARISONS for node in asking) and not any(constant.any() for constant in asked)


def _is_real(work: Rewriting, value: str) -> bool:
    return work.dtype(value).startswith("float")


def _compare(work: Rewriting, node: Node) -> None:
    """a > b as a - b > 0."""
    a, b = node.inputs
    dtype = work.dtype(a)
    if dtype == "bool":
        work.write(node)
        return
    difference = work.value(f"{node.outputs[0]}.difference", work.shape(node.outputs[0]), dtype)
    zero = work.constant(f"{node.name}.zero", np.zeros((), dtype))
    work.write(Node(f"{node.name}.difference", "Sub", (a, b), (difference,)), node)
    work.write(Node(node.name, node.operator, (difference, zero), node.outputs))


def _either(work: Rewriting, node: Node, opposites: dict[str, str]) -> None:
    """a or b as not (not a and not b)."""
    a, b = (_opposite(work, node, name, opposites) for name in node.inputs)
    neither = work.value(f"{node.outputs[0]}.neither", work.shape(node.outputs[0]), "bool")
    work.write(Node(f"{node.name}.neither", "Mul", (a, b), (neither,)), node)
    work.write(Node(node.name, "Not", (neither,), node.outputs))


def _choose(work: Rewriting, node: Node, opposites: dict[str, str]) -> None:
    condition, a, b = node.inputs
    for filled, kept, is_where_true in ((a, b, True), (b, a, False)):
        number = one_number(work, filled)
        if number is not None and kept not in work.constants:
            both = (condition, _opposite(work, node, condition, opposites))
            _fill(work, node, kept, number, both if is_where_true else both[::-1])
            return
    if a in work.constants or b in work.constants:
        work.write(node)
        return
    shape, out = work.shape(node.outputs[0]), node.outputs[0]
    distance, part = work.value(f"{out}.distance", shape), work.value(f"{out}.part", shape)
    work.write(Node(f"{node.name}.distance", "Sub", (a, b), (distance,)), node)
    work.write(Node(f"{node.name}.part", "Mul", (distance, condition), (part,)), node)
    work.write(Node(node.name, "Add", (b, part), node.outputs))


def _fill(work: Rewriting, node: Node, kept: str, number: float, where: tuple[str, str]) -> None:
    """``number`` where the first of ``where`` is true, ``kept`` where the second is."""
    (filled, left), out = where, node.outputs[0]
    if abs(number) >= BEYOND:
        _saturate(work, node, kept, filled, number)
        return
    if number == 0:
        work.write(Node(node.name, "Mul", (kept, left), node.outputs))
        return
    rest = work.value(f"{out}.kept", work.shape(out))
    work.write(Node(f"{node.name}.kept", "Mul", (kept, left), (rest,)), node)
    work.write(Node(node.name, "Add", (rest, _put(work, node, number, filled)), node.outputs))


def _saturate(work: Rewriting, node: Node, kept: str, condition: str, number: float) -> None:
    """``kept``, stretched to the shape of what ``node`` makes, at the end of its range where ``condition`` holds."""
    shape = work.shape(node.outputs[0])
    if work.shape(kept) != shape:
        stretched = work.value(f"{node.outputs[0]}.kept", shape)
        sizes = work.constant(f"{node.name}.shape", np.array(shape, np.int64))
        work.write(Node(f"{node.name}.kept", "Expand", (kept, sizes), (stretched,)), node)
        kept = stretched
    work.write(Node(node.name, "Saturate", (kept, condition), node.outputs, {"number": number}))


def _masked_sum(work: Rewriting, node: Node) -> tuple[str, Mask] | None:
    """The computed operand of a sum, and the mask that is added to it; None for all other sums."""
    for kept, added in (node.inputs, node.inputs[::-1]):
        if kept not in work.constants and _is_real(work, kept) and (mask := mask_of(work, added)):
            return kept, mask
    return None


def _mask(work: Rewriting, node: Node, kept: str, mask: Mask, opposites: dict[str, str]) -> None:
    """``kept`` plus ``mask``."""
    condition = mask.condition
    if isinstance(condition, np.ndarray):
        condition = work.constant(f"{node.name}.mask", condition)
    elif not mask.where_true:
        condition = _opposite(work, node, condition, opposites)
    if mask.shape != work.shape(condition):
        shaped = work.value(f"{node.outputs[0]}.mask", mask.shape, "bool")
        sizes = work.constant(f"{node.name}.mask.shape", np.array(mask.shape, np.int64))
        work.write(Node(f"{node.name}.mask", "Reshape", (condition, sizes), (shaped,), {"allowzero": 0}), node)
        condition = shaped
    _saturate(work, node, kept, condition, mask.number)


def _put(work: Rewriting, node: Node, number: float, filled: str) -> str:
    """``number`` where ``filled`` is true, else 0."""
    if filled in work.constants:
        return work.constant(f"{node.name}.filled", work.constants[filled] * np.float32(number))
    factor = work.constant(f"{node.name}.number", np.array(number, np.float32))
    names = (f"{node.outputs[0]}.{part}" for part in ("truth", "filled"))
    truth, put = (work.value(name, work.shape(filled)) for name in names)
    work.write(Node(f"{node.name}.truth", "Cast", (filled,), (truth,), {"to": "float32"}), node)
    work.write(Node(f"{node.name}.filled", "Mul", (truth, factor), (put,)), node)
    return put


def _opposite(work: Rewriting, node: Node, condition: str, opposites: dict[str, str]) -> str:
    """The value that is true where ``condition`` is not, made once for all choices."""
    if condition in opposites:
        return opposites[condition]
    if condition in work.constants:
        opposites[condition] = work.constant(f"{condition}.not", ~work.constants[condition])
    else:
        value = opposites[condition] = work.value(f"{condition}.not", work.shape(condition), "bool")
        work.write(Node(f"{node.name}.not", "Not", (condition,), (value,)), node)
    return opposites[condition]
