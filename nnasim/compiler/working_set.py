"""What must stand in SRAM whatever the weights do: tables, states, and one graph's activations at a time."""

from __future__ import annotations

from nnasim.compiler.allocate import Allocation, Lifetime, aligned, allocate, peak_bytes
from nnasim.ir.trace import OpGraph, OpTrace, Unit

Units = dict[str, dict[str, Unit]]


def lasting_tensors(trace: OpTrace, units: Units) -> list[str]:
    """Tables, states, and constants other than a matmul's, that an operation on the NNA touches; in first-use order."""
    lasting: dict[str, None] = {}
    for name, graph in trace.graphs.items():
        for op in graph.ops:
            if units[name][op.name] == "nna":
                constants = () if op.reads_weight else op.constants
                lasting.update(dict.fromkeys(constants))
                touched = (*op.inputs, *op.outputs)
                lasting.update(dict.fromkeys(t for t in touched if trace.tensors[t].role == "state"))
    return list(lasting)


def lasting_bytes(trace: OpTrace, units: Units) -> int:
    """Bytes of SRAM that ``lasting_tensors`` occupy."""
    return sum(aligned(trace.tensors[tensor].bytes) for tensor in lasting_tensors(trace, units))


def activation_lives(trace: OpTrace, graph: OpGraph, units: dict[str, Unit], fused: set[str]) -> list[Lifetime]:
    """Lifetimes, in steps of the graph, of what an NNA operation reads or writes within one invocation.

    What passes from a matmul to the operation that rides behind it stays in the array and needs no SRAM.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    on_chip: set[str] = set()
    inside = {op.x for op in graph.ops if op.name in fused}
    for step, op in enumerate(graph.ops):
        for tensor in (*op.inputs, *op.outputs):
            if trace.tensors[tensor].role in ("activation", "input", "output") and tensor not in inside:
                first.setdefault(tensor, step)
                last[tensor] = step
                if units[op.name] == "nna":
                    on_chip.add(tensor)
    return [Lifetime(name, trace.tensors[name].bytes, first[name], last[name]) for name in first if name in on_chip]


def activation_map(trace: OpTrace, graph: OpGraph, units: dict[str, Unit], fused: set[str]) -> tuple[Allocation, ...]:
    """Addresses of a graph's activations within the arena."""
    return allocate(activation_lives(trace, graph, units, fused))


def arena_bytes(trace: OpTrace, units: Units, fused: dict[str, set[str]]) -> int:
    """Size of the arena that serves every graph in turn."""
    return max(
        (peak_bytes(activation_map(trace, graph, units[name], fused[name])) for name, graph in trace.graphs.items()),
        default=0,
    )
