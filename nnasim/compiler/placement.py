"""The unit of each operation: as the trace asks, as far as the chip can."""

from __future__ import annotations

from nnasim.compiler import constraints
from nnasim.hardware import NnaConfig
from nnasim.ir.operands import PRODUCTS, OpKind
from nnasim.ir.trace import Op, OpGraph, OpTrace, Unit

RIDING: frozenset[OpKind] = frozenset({"requantise", "sigmoid", "tanh", "table"})


def place(trace: OpTrace, chip: NnaConfig) -> dict[str, dict[str, Unit]]:
    """Unit of every operation, by graph and operation name.

    An operation that the trace wants on the NNA but the chip has no unit for (NVDLA small: gates) goes to the CPU;
    one that neither can run raises PlacementError, and so does a trace beyond the compiler's bounds.
    """
    _check_bounds(trace)
    return {name: _units(trace, chip, name, graph) for name, graph in trace.graphs.items()}


def wanted_units(trace: OpTrace) -> dict[str, dict[str, Unit]]:
    """The unit that the trace asks for, for every operation, whatever the chip can."""
    return {name: {op.name: _wanted(trace, op) for op in graph.ops} for name, graph in trace.graphs.items()}


def _wanted(trace: OpTrace, op: Op) -> Unit:
    return trace.op_placement.get(op.name, trace.placement[op.group])


def _check_bounds(trace: OpTrace) -> None:
    for name, spec in trace.tensors.items():
        if not constraints.tensor_is_bounded(spec):
            constraints.refuse(constraints.tensor_is_bounded, f"tensor {name}", "shape", list(spec.shape))
    for name, graph in trace.graphs.items():
        if not constraints.graph_is_bounded(name, len(graph.ops)):
            constraints.refuse(constraints.graph_is_bounded, f"graph {name}", "operations", len(graph.ops))


def _units(trace: OpTrace, chip: NnaConfig, name: str, graph: OpGraph) -> dict[str, Unit]:
    units = {op.name: _unit(trace, chip, name, op) for op in graph.ops}
    if not chip.has_activation_unit:  # nothing requantises but what a product feeds on its way out
        riding = fused_ops(trace, graph, units)
        alone = [op.name for op in graph.ops if op.kind == "requantise" and op.name not in riding]
        units.update(dict.fromkeys(alone, "cpu"))
    return units


def _unit(trace: OpTrace, chip: NnaConfig, graph: str, op: Op) -> Unit:
    where = f"graph {graph}, op {op.name}"
    if op.kind == "matmul":
        _check_matmul(trace, where, op)
    if _wanted(trace, op) == "cpu" or not constraints.nna_runs_kind(chip, op):
        return "cpu"
    if op.kind in PRODUCTS:
        _check_second_operand(trace, where, op)
    return "nna"


def _check_matmul(trace: OpTrace, where: str, op: Op) -> None:
    x, weight = (trace.tensors[name] for name in (op.x, op.weight))
    if not constraints.matmul_shapes_agree(x, weight):
        constraints.refuse(constraints.matmul_shapes_agree, where, "shapes", [list(x.shape), list(weight.shape)])


def _check_second_operand(trace: OpTrace, where: str, op: Op) -> None:
    spec, what = (trace.tensors[op.weight], "weight") if op.reads_weight else (trace.tensors[op.data[1]], "operand")
    if not constraints.weights_are_integers(spec):
        constraints.refuse(
            constraints.weights_are_integers, where, f"{what} bits", spec.bits, bits=spec.bits, what=what
        )


def fused_ops(trace: OpTrace, graph: OpGraph, units: dict[str, Unit]) -> set[str]:
    """The names of fused operations, which run at the output of a product on the NNA: its requantise, and an activation
    after that.

    An operation is fused if it is the only reader of the output of the product (or of an operation that is fused
    already), and if that output is neither a state nor an output of the graph. A view may lie between them.
    """
    readers: dict[str, int] = {}
    for op in graph.ops:
        for tensor in op.inputs:
            readers[tensor] = readers.get(tensor, 0) + 1
    riding: set[str] = set()
    carriers: set[str] = set()
    for op in graph.ops:
        if op.kind in PRODUCTS and units[op.name] == "nna":
            carriers.update(op.outputs)
        elif op.x in carriers and readers[op.x] == 1 and trace.tensors[op.x].role == "activation":
            if op.is_view:
                carriers.update(op.outputs)
            elif op.kind in RIDING and units[op.name] == "nna":
                riding.add(op.name)
                carriers.update(op.outputs if op.kind == "requantise" else ())
    return riding
