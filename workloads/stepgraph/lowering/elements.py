"""Element-wise operations: tables, sums and products of two operands, each of which has a step of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nnasim.ir.operands import OpKind
from nnasim.ir.trace import OpGroup
from nnasim.numerics.activation import Function, unit_kind
from nnasim.numerics.formats import highest
from workloads.stepgraph.graph import Node
from workloads.stepgraph.integers import quantise, quantise_table
from workloads.stepgraph.integers.grids import INDEX_BITS, TRUTH_BITS, Grid, unit_function
from workloads.stepgraph.lowering.cannot_lower import CannotLower
from workloads.stepgraph.lowering.graph_lowering import GraphLowering
from workloads.stepgraph.lowering.standing_shapes import Shape, bare
from workloads.stepgraph.lowering.trace_draft import Wire
from workloads.stepgraph.normal.masks import is_of_the_sign


def view(low: GraphLowering, node: Node) -> None:
    """Lower to the same integers; a factor changes their step."""
    x, (value,) = node.inputs[0], node.outputs
    low.arrive(value, low.wire(x).tensor)


def scale(low: GraphLowering, node: Node) -> None:
    """Lower to the same integers with another step, unless the step is given: then they are requantised."""
    (x,), (value,) = node.inputs, node.outputs
    if low.is_same_integer(node) and not low.is_home(value):
        view(low, node)
        return
    factor = node.attributes["factor"]
    assert isinstance(factor, float)
    shape = _shape_behind(low, x, value)
    worth = replace(low.wire(x), tensor=low.shaped(x, shape), factor=low.wire(x).factor * factor)
    low.requantise("", worth, low.out(value, shape))


def _shape_behind(low: GraphLowering, x: str, value: str) -> Shape:
    """The shape of a result: a value that outlives the call has its own, all others keep that of their source ``x``."""
    return bare(low.shape(value)) if low.is_home(value) else low.standing(x)


def unit_grid(low: GraphLowering) -> Grid:
    """The grid of values within -1 and 1, in the bits of an activation."""
    return Grid(low.numerics.activation_bits, "unit")


def gate_grid(low: GraphLowering) -> Grid:
    """The grid of the activation unit's own output."""
    return Grid(unit_kind(low.numerics.activation).output_bits, "unit")


def table_tensor(low: GraphLowering, part: str) -> tuple[str, ...]:
    """The constants of one function: none of a unit that has none."""
    tables = unit_kind(low.numerics.activation).tables(low.numerics)
    if not tables:
        return ()
    entries, bits = sum(table.entries for table in tables), max(table.bits for table in tables)
    return (low.draft.tensor(f"{low.here}.{part}table", (entries,), bits, "table"),)


def table(low: GraphLowering, node: Node) -> None:
    """Lower a function of one value."""
    (x,), (value,) = node.inputs, node.outputs
    function, name = low.normal.functions[value], unit_function(low.normal, node)
    of_index = low.grid(x)[0].rule == "index" and not is_of_the_sign(function)
    if of_index or low.grid(value)[0].rule == "index":
        raise CannotLower("computes with whole numbers, for which the chip has no table", "let the CPU run it")
    shape = _shape_behind(low, x, value)
    seen, out = replace(low.wire(x), tensor=low.shaped(x, shape)), low.out(value, shape)
    if name is not None and (out.grid.rule, out.factor) == ("unit", 1.0):
        activation(low, "", name, seen, table_tensor(low, ""), [out])
        return
    bits = quantise_table.table_bits(low.numerics)
    entries = low.draft.tensor(f"{low.here}.table", (quantise_table.ENTRIES[bits],), bits, "table")
    op = low.op("", "table", "point_wise", [seen.tensor, entries], [out.tensor], function=function.label[:200])
    low.fill(quantise_table.table, op, function, entries, seen, out)


def activation(
    low: GraphLowering, part: str, function: Function, x: Wire, tables: tuple[str, ...], outs: Sequence[Wire],
    group: OpGroup = "gate_activation",
) -> None:  # fmt: skip
    """Lower to the chip's own sigmoid or tanh of ``x``, in parts if there are several ``outs``."""
    op = low.op(part, function, group, [x.tensor, *tables], [out.tensor for out in outs])
    low.fill(quantise.activation, op, function, tables, x, outs[0])


def add(low: GraphLowering, node: Node) -> None:
    """Lower to a + b or a - b."""
    told = {"subtract": True} if node.operator == "Sub" else {}
    _pairwise(low, node, "add", told)


def mul(low: GraphLowering, node: Node) -> None:
    """Lower to a * b."""
    _pairwise(low, node, "mul", {})


def _pairwise(low: GraphLowering, node: Node, kind: OpKind, told: dict[str, bool]) -> None:
    (value,) = node.outputs
    rules = {low.grid(name)[0].rule for name in (*node.inputs, value) if not low.graph.is_constant(name)}
    if "index" in rules and (kind == "mul" or rules != {"index"}):
        raise CannotLower("computes with whole numbers other than by adding them", "let the CPU run it")
    shape = _common_shape(low, node)
    operands = [_operand(low, name, part, shape) for part, name in zip("ab", node.inputs, strict=True)]
    out = low.out(value, shape or bare(low.shape(value)))
    if len({bare(low.draft.tensors[wire.tensor].shape) for wire in operands}) > 1:
        told = {**told, "broadcast": True}
    a, b = operands
    pair(low, "", kind, a, b, [out], **told)


def pair(low: GraphLowering, part: str, kind: OpKind, a: Wire, b: Wire, outs: Sequence[Wire], **told: bool) -> None:
    """Lower to an add or mul of ``a`` and ``b``, in parts if there are several ``outs``."""
    op = low.op(part, kind, "element_wise", [a.tensor, b.tensor], [out.tensor for out in outs], **told)
    low.fill(quantise.add if kind == "add" else quantise.mul, op, a, b, outs[0])


def _common_shape(low: GraphLowering, node: Node) -> Shape | None:
    """The shape that both operands have, if the result may have it too: then neither needs a view."""
    (value,) = node.outputs
    if low.is_home(value) or any(low.graph.is_constant(name) for name in node.inputs):
        return None
    shapes = {low.standing(name) for name in node.inputs}
    is_whole = all(low.shape(name) == low.shape(value) for name in node.inputs)
    return shapes.pop() if is_whole and len(shapes) == 1 else None


def _operand(low: GraphLowering, name: str, part: str, shape: Shape | None) -> Wire:
    """An operand in ``shape``, else that of its graph; a constant has an activation's bits and its own range."""
    if low.graph.is_constant(name):
        values = low.graph.constants[name]
        if np.issubdtype(values.dtype, np.floating):
            return low.constant(part, values)
        if values.dtype == bool:
            return low.constant(part, values, Grid(TRUTH_BITS, "truth"))
        if np.abs(values).max(initial=0) > highest(INDEX_BITS):
            raise CannotLower(f"adds a whole number beyond {INDEX_BITS} bits", "let the CPU run it")
        return low.constant(part, values, Grid(INDEX_BITS, "index"))
    wire = low.wire(name)
    return replace(wire, tensor=low.shaped(name, shape or bare(low.shape(name))))
