"""The units without a TABLE, built from the reference model's elementary operators: pwl, plan, hard."""

from __future__ import annotations

import numpy as np

from nnasim.numerics.rescale import Rescale, power_of_two
from tests.proof.case import Case
from tests.proof.tosa_graph import Graph, Tensor

IDENTITY = power_of_two(0)
SIXTH = Rescale.checked(21845, 14, 15)  # 8 / 6: from 2^-12 to 2^-15, divided by six


def _number(graph: Graph, value: int) -> Tensor:
    return graph.const(np.array([value]), 32)


def hard(graph: Graph, x: Tensor, function: str) -> Tensor:
    """x/6 + 1/2, not below 0; or x, limited by the type. x int16 at 2^-12 -> int16 at 2^-15."""
    if function == "tanh":
        return graph.rescale(x, power_of_two(3), 16)
    line = graph.add(graph.rescale(x, SIXTH, 32), _number(graph, 1 << 14))
    return graph.rescale(graph.binary("MAXIMUM", line, _number(graph, 0)), IDENTITY, 16)


def _plan_sigmoid(graph: Graph, x: Tensor) -> Tensor:
    """int32 at 2^-12 -> int32 at 2^-15, by shifts and sums."""
    size = graph.unary("ABS", x)
    y = graph.add(graph.add(size, size), _number(graph, 16384))
    for start, shift, offset in ((1 << 12, 0, 20480), (9728, 2, 27648), (5 << 12, 31, 32768)):
        line = graph.add(graph.shift_right(size, shift), _number(graph, offset))
        y = graph.select(graph.binary("GREATER_EQUAL", size, _number(graph, start)), line, y)
    negative = graph.binary("GREATER", _number(graph, 0), x)
    return graph.select(negative, graph.binary("SUB", _number(graph, 1 << 15), y), y)


def plan(graph: Graph, x: Tensor, function: str) -> Tensor:
    """Four segments with slopes 1/2, 1/4 and so on as shifts; tanh(x) = 2 sigmoid(2x) - 1."""
    wide = graph.rescale(x, IDENTITY, 32)
    if function == "sigmoid":
        return graph.rescale(_plan_sigmoid(graph, wide), IDENTITY, 16)
    y = _plan_sigmoid(graph, graph.add(wide, wide))
    return graph.rescale(graph.binary("SUB", graph.add(y, y), _number(graph, 1 << 15)), IDENTITY, 16)


def pwl(graph: Graph, x: Tensor, knots: np.ndarray, slopes: np.ndarray, bases: np.ndarray) -> Tensor:
    """Which segment: count the knots that x has reached. Then base + slope times the way into it."""
    inside = graph.rescale(x, IDENTITY, 32)
    inside = graph.binary("MAXIMUM", inside, _number(graph, int(knots[0])))
    inside = graph.binary("MINIMUM", inside, _number(graph, -int(knots[0]) - 1))
    index = _number(graph, 0)
    for knot in knots[1:].tolist():
        reached = graph.binary("GREATER_EQUAL", inside, _number(graph, knot))
        index = graph.add(index, graph.select(reached, _number(graph, 1), _number(graph, 0)))
    index = graph.reshape(index, (1, x.shape[0]))

    def of_segment(values: np.ndarray) -> Tensor:
        return graph.reshape(graph.gather_rows(graph.const(values[None, :, None], 32), index), x.shape)

    way = graph.binary("SUB", inside, of_segment(knots))
    rise = graph.rescale(graph.mul(of_segment(slopes), way), power_of_two(-11), 32)
    return graph.rescale(graph.add(of_segment(bases), rise), IDENTITY, 16)


def unit(case: Case) -> list[np.ndarray]:
    """One unit on int16 at 2^-12."""
    graph, kind, function = Graph(), case.params["numerics"]["activation"], case.params["function"]
    x = graph.input(case.arrays["x"], 16)
    if kind == "pwl":
        return graph.run(pwl(graph, x, *(case.arrays[f"{part}.table"] for part in ("knots", "slopes", "bases"))))
    return graph.run({"plan": plan, "hard": hard}[kind](graph, x, function))
