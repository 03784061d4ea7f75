"""Masks: a value at the end of its range where a condition holds, by a sum that saturates."""

from __future__ import annotations

import numpy as np

from nnasim.numerics.formats import highest, lowest
from workloads.stepgraph.graph import Node
from workloads.stepgraph.integers import quantise, quantise_table
from workloads.stepgraph.integers.grids import TRUTH_BITS, Grid
from workloads.stepgraph.kernels.given import number
from workloads.stepgraph.lowering.graph_lowering import GraphLowering
from workloads.stepgraph.lowering.standing_shapes import bare

TRUTH_ENTRIES = quantise_table.ENTRIES[8]


def saturate(low: GraphLowering, node: Node) -> None:
    """Lower to x plus the end of the range where the condition holds."""
    (x, condition), (value,) = node.inputs, node.outputs
    is_low = number(node.attributes, "number") < 0
    if low.graph.is_constant(condition):
        ends = np.where(low.graph.constants[condition], lowest(TRUTH_BITS) if is_low else highest(TRUTH_BITS), 0)
        end = low.constant("mask", ends, Grid(TRUTH_BITS, "truth")).tensor
    else:
        end = low.shared(("end of the range", condition, is_low), lambda: _end_of_range(low, condition, is_low))
    shape = bare(low.shape(value))
    operand, out = low.shaped(x, shape), low.out(value, shape)
    mask = low.viewed(end, bare(low.shape(condition)))
    told = {} if low.draft.tensors[mask].shape == shape else {"broadcast": True}
    op = low.op("", "add", "element_wise", [operand, mask], [out.tensor], **told)
    low.fill(quantise.saturate, op)


def _end_of_range(low: GraphLowering, condition: str, is_low: bool) -> str:
    """The least (or the greatest) integer where ``condition`` holds, 0 elsewhere."""
    wire, shape = low.wire(condition), low.standing(condition)
    table = low.draft.tensor(f"{low.here}.table", (TRUTH_ENTRIES,), TRUTH_BITS, "table")
    end = low.scratch("end", shape, Grid(TRUTH_BITS, "truth"))
    low.op("end", "table", "point_wise", [wire.tensor, table], [end.tensor], function="Mask")
    low.fill(quantise_table.end_of_range, table, is_low)
    return end.tensor
