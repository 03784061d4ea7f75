"""A function of one element: the nodes and constants between one value and another, whatever the exporter wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workloads.stepgraph.graph import Array, Node
from workloads.stepgraph.kernels.table import apply


@dataclass(frozen=True, eq=False)
class PointFunction:
    """A function of one element.

    ``nodes``, in an order in which they may run, lead from each element of ``source`` to one of ``output``.

    ``constants``: what they read beside it, each a single number.
    """

    source: str
    output: str
    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]

    @property
    def operators(self) -> tuple[str, ...]:
        """The exporter's names for the parts."""
        return tuple(node.operator for node in self.nodes)

    @property
    def label(self) -> str:
        """The parts in one word."""
        return "+".join(self.operators)

    def __call__(self, x: Array) -> Array:
        """The function of every element of ``x``, in the type of ``x``."""
        values: dict[str, Array] = {name: _number(constant, x) for name, constant in self.constants.items()}
        values[self.source] = x
        for node in self.nodes:
            operands = [values[name] if name else None for name in node.inputs]
            values.update(zip(node.outputs, apply(node.operator, node.attributes, operands), strict=False))
        return values[self.output].astype(x.dtype)

    @property
    def affine(self) -> tuple[float, float] | None:
        """(factor, offset) where the function is factor x + offset by its operators alone; else None."""
        lines: dict[str, tuple[float, float]] = {
            name: (0.0, float(constant.reshape(()))) for name, constant in self.constants.items()
        }
        lines[self.source] = 1.0, 0.0
        for node in self.nodes:
            line = _line(node, [lines[name] for name in node.operands if name in lines])
            if line is None:
                return None
            lines[node.outputs[0]] = line
        return lines[self.output]


def _number(constant: Array, x: Array) -> Array:
    """A scalar, in the type of ``x`` if it is real."""
    number = constant.reshape(())
    return number.astype(x.dtype) if np.issubdtype(number.dtype, np.floating) else number


def _line(node: Node, lines: list[tuple[float, float]]) -> tuple[float, float] | None:
    """The straight line (factor, offset) that ``node`` makes of straight lines; None if its result is not one."""
    if node.operator == "Neg":
        ((factor, offset),) = lines
        return -factor, -offset
    if node.operator == "Cast":
        is_real = str(node.attributes["to"]).startswith("float")
        return lines[0] if is_real else None
    if len(lines) != 2:
        return None
    (factor_a, a), (factor_b, b) = lines
    if node.operator in ("Add", "Sub"):
        sign = 1 if node.operator == "Add" else -1
        return factor_a + sign * factor_b, a + sign * b
    if node.operator == "Mul" and not (factor_a and factor_b):
        return factor_a * b + factor_b * a, a * b
    if node.operator == "Div" and not factor_b and b:
        return factor_a / b, a / b
    return None
