"""Which unit runs each operation: what the trace asks for, as far as the chip can."""

from __future__ import annotations

from nnasim.compiler import constraints
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import Op, OpGraph, OpTrace, Unit


def place(trace: OpTrace, chip: NnaConfig) -> dict[str, dict[str, Unit]]:
    """Unit of every operation, by graph and operation name.

    An operation that the trace wants on the NNA but the chip has no unit for (NVDLA small: gates) goes to the CPU;
    one that neither can run raises PlacementError, and so does a trace beyond the compiler's bounds.
    """
    _check_bounds(trace)
    return {name: {op.name: _unit(trace, chip, name, op) for op in graph.ops} for name, graph in trace.graphs.items()}


def wanted_units(trace: OpTrace) -> dict[str, dict[str, Unit]]:
    """Where the trace wants every operation, whatever the chip can."""
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


def _unit(trace: OpTrace, chip: NnaConfig, graph: str, op: Op) -> Unit:
    where = f"graph {graph}, op {op.name}"
    if op.kind == "matmul":
        _check_matmul(trace, where, op)
    if _wanted(trace, op) == "nna" and constraints.nna_runs_kind(chip, op):
        if op.kind == "matmul" and not constraints.weights_are_integers(trace.tensors[op.weight]):
            bits = trace.tensors[op.weight].bits
            constraints.refuse(constraints.weights_are_integers, where, "weight bits", bits, bits=bits)
        return "nna"
    return "cpu"


def _check_matmul(trace: OpTrace, where: str, op: Op) -> None:
    x, weight = (trace.tensors[name] for name in (op.x, op.weight))
    if not constraints.matmul_shapes_agree(x, weight):
        constraints.refuse(constraints.matmul_shapes_agree, where, "shapes", [list(x.shape), list(weight.shape)])


def fused_ops(graph: OpGraph, units: dict[str, Unit]) -> set[str]:
    """Names of operations that ride behind a matmul on the NNA: its requantise, and an activation after that.

    An operation rides when it is the only reader of what the matmul (or the operation that rides already) makes.
    """
    readers: dict[str, list[str]] = {}
    for op in graph.ops:
        for tensor in op.inputs:
            readers.setdefault(tensor, []).append(op.name)
    riding: set[str] = set()
    carriers = {tensor for op in graph.ops if op.kind == "matmul" and units[op.name] == "nna" for tensor in op.outputs}
    for op in graph.ops:
        rides = op.kind in ("requantise", "sigmoid", "tanh") and op.x in carriers
        if rides and units[op.name] == "nna" and readers[op.x] == [op.name]:
            riding.add(op.name)
            carriers.update(op.outputs if op.kind == "requantise" else ())
    return riding
