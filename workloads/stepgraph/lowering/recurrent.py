"""The common part of LSTM and GRU: their operands, the steps of one call, and the place of h.

Both products go to the gate domain. A call of several steps multiplies all of its inputs at once, and h step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from workloads.stepgraph.graph import Array, Node
from workloads.stepgraph.integers.grids import WIDE_BITS, Grid
from workloads.stepgraph.kernels.given import integer
from workloads.stepgraph.lowering.cannot_lower import CannotLower
from workloads.stepgraph.lowering.graph_lowering import GraphLowering
from workloads.stepgraph.lowering.products import Weights, weighted
from workloads.stepgraph.lowering.trace_draft import Wire

GATE = Grid(WIDE_BITS, "gate")
SHORT_GATE = Grid(16, "gate")


@dataclass(frozen=True, eq=False)
class Recurrent:
    """A recurrent node that is being lowered.

    ``weight``: (n H, I); ``recurrence``: (n H, H or P); ``biases``: of the two, (n H,) each; ``projection``: (P, H);
    ``x``, ``h``, ``c``: values that it reads, the states "" if it starts from zeros; ``y``, ``y_h``: all h, last h.
    """

    low: GraphLowering
    weight: Array
    recurrence: Array
    biases: tuple[Array, Array] | None
    projection: Array | None
    x: str
    h: str
    c: str
    y: str
    y_h: str
    steps: int
    units: int

    @classmethod
    def of(cls, low: GraphLowering, node: Node) -> Recurrent:
        """The recurrent layer of a node. Raises CannotLower."""
        names = [*node.inputs, *[""] * (9 - len(node.inputs))]
        x, weight, recurrence, bias, lengths, h, c, peepholes, projection = names
        steps, batch, _ = low.shape(x)
        constants = low.graph.constants
        if batch != 1:
            raise CannotLower(f"works on a batch of {batch}", "export the model with a batch of 1")
        if lengths or peepholes:
            raise CannotLower(f"has {'sequence lengths' if lengths else 'peepholes'}")
        if any(name and name not in constants for name in (weight, recurrence, bias, projection)):
            raise CannotLower("its weights are computed at each call, and the MAC array reads them from memory")
        halves = constants[bias][0].reshape(2, -1) if bias else None
        return cls(
            low=low,
            weight=constants[weight][0],
            recurrence=constants[recurrence][0],
            biases=None if halves is None else (halves[0], halves[1]),
            projection=constants[projection][0] if projection else None,
            x=x,
            h=h,
            c=c,
            y=node.outputs[0],
            y_h=node.outputs[1],
            steps=steps,
            units=integer(node.attributes, "hidden_size"),
        )

    def rows(self, values: Array, order: Sequence[int]) -> Array:
        """Rows (n H, ...) of gates in another ``order``, or of some gates."""
        gates = values.reshape(-1, self.units, *values.shape[1:])[list(order)]
        return np.ascontiguousarray(gates.reshape(-1, *values.shape[1:]))

    def dot(self, step: int) -> str:
        """The suffix of the names of one step's operations."""
        return f".{step}" if self.steps > 1 else ""

    def input_shares(self, weights: Weights, parts: Sequence[tuple[str, int]]) -> list[tuple[Wire, ...]]:
        """The product of x, of each step in ``parts`` (name, size)."""
        low, rows = self.low, () if self.steps == 1 else (self.steps,)
        x = replace(low.wire(self.x), tensor=low.shaped(self.x, (*rows, self.weight.shape[1])))
        outs = [low.scratch(name, (*rows, size), GATE) for name, size in parts]
        weighted(low, "x", x, weights, outs, (*rows, sum(size for _, size in parts)))
        if self.steps == 1:
            return [tuple(outs)]
        columns = [self._taken_apart(name, wire, size) for (name, size), wire in zip(parts, outs, strict=True)]
        return list(zip(*columns, strict=True))

    def _taken_apart(self, name: str, wire: Wire, size: int) -> list[Wire]:
        """The rows of ``wire``, one for each step."""
        low = self.low
        rows = [low.scratch(f"{name}.{step}", (1, size), GATE) for step in range(self.steps)]
        low.op(f"{name}.split", "split", "movement", [wire.tensor], [row.tensor for row in rows], axis=0)
        return [replace(row, tensor=low.viewed(row.tensor, (size,))) for row in rows]

    def start(self, value: str, part: str, size: int, like: str) -> Wire:
        """The value of a state before the first step: ``value``, or a constant of the format of ``like``."""
        low = self.low
        if value and not low.graph.is_constant(value):
            return replace(low.wire(value), tensor=low.shaped(value, (size,)))
        values = low.graph.constants[value].reshape(size) if value else np.zeros(size, np.float32)
        return low.lasting(part, values, *low.grid(like))

    def h_out(self, step: int, size: int) -> Wire:
        """The place of the h of ``step``."""
        low = self.low
        if step < self.steps - 1:
            return low.scratch(f"h{self.dot(step)}", (size,), *low.grid(self.y_h))
        if self.steps > 1:
            return low.out(self.y_h, (size,))
        # Of a single step all h and the last h are one tensor, which bears the name that others know it by.
        known, other = self.y_h, self.y
        if not low.is_home(self.y_h) and (low.is_home(self.y) or low.is_given(self.y)):
            known, other = other, known
        out = low.out(known, (size,))
        low.arrive(other, out.tensor)
        return out

    def join(self, hs: Sequence[Wire], size: int) -> None:
        """Join all h in one tensor, if a call has several steps and they are read."""
        low = self.low
        if self.steps > 1 and self.y in low.read:
            rows = [low.viewed(h.tensor, (1, size)) for h in hs]
            low.op("y", "concat", "movement", rows, [low.out(self.y, (self.steps, size)).tensor], axis=0)
