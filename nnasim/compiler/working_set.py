"""The data that must be in SRAM whatever the weights do: tables, states, outputs, and one graph's activations at a
time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nnasim.compiler.allocate import Allocation, Lifetime, aligned, allocate, peak_bytes
from nnasim.ir.operands import LASTING
from nnasim.ir.order import views_of
from nnasim.ir.trace import Op, OpGraph, OpTrace, Unit

Units = dict[str, dict[str, Unit]]


def lasting_tensors(trace: OpTrace, units: Units) -> list[str]:
    """Tables, states, outputs, and constants other than a product's, that an operation on the NNA touches.

    In the order of first use. Outputs too, since the host fetches them at the end of a frame, behind other graphs.
    """
    lasting: dict[str, None] = {}
    for name, graph in trace.graphs.items():
        views = views_of(graph.ops)
        shown = outliving(trace, views)
        for op in graph.ops:
            if units[name][op.name] == "nna" and not op.is_view:
                lasting.update(dict.fromkeys(_standing_constants(trace, op)))
                touched = (views.get(tensor, tensor) for tensor in (*op.inputs, *op.outputs))
                lasting.update(dict.fromkeys(t for t in touched if t in shown or trace.tensors[t].role in LASTING))
    return list(lasting)


def outliving(trace: OpTrace, views: Mapping[str, str]) -> frozenset[str]:
    """Tensors of which a view is needed when their call has ended."""
    return frozenset(base for view, base in views.items() if trace.tensors[view].role in LASTING)


def _standing_constants(trace: OpTrace, op: Op) -> list[str]:
    """Constants of ``op`` that do not come row by row with a weight."""
    return [] if op.reads_weight else [name for name in op.inputs if trace.tensors[name].role in ("bias", "table")]


def lasting_bytes(trace: OpTrace, units: Units) -> int:
    """Bytes of SRAM that ``lasting_tensors`` occupy."""
    return sum(aligned(trace.tensors[tensor].bytes) for tensor in lasting_tensors(trace, units))


def inside_array(graph: OpGraph, fused: set[str]) -> set[str]:
    """The tensors between a product and its fused operation: they stay in the array and need no SRAM."""
    views = views_of(graph.ops)
    return {views.get(op.x, op.x) for op in graph.ops if op.name in fused}


def activation_lives(trace: OpTrace, graph: OpGraph, units: dict[str, Unit], fused: set[str]) -> list[Lifetime]:
    """Lifetimes, in steps of the graph, of what an NNA operation reads or writes within one call.

    A view lives as its tensor, which lives as long as any of them is read. What arrives from outside is there from the
    beginning, whichever operation reads it first.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    on_chip: set[str] = set()
    views = views_of(graph.ops)
    elsewhere = inside_array(graph, fused) | outliving(trace, views)
    for step, op in enumerate(graph.ops):
        if op.is_view:
            continue
        for touched in (*op.inputs, *op.outputs):
            tensor = views.get(touched, touched)
            role = trace.tensors[tensor].role
            if role in ("activation", "input") and tensor not in elsewhere:
                first.setdefault(tensor, 0 if role == "input" else step)
                last[tensor] = step
                if units[op.name] == "nna":
                    on_chip.add(tensor)
    return [Lifetime(name, trace.tensors[name].bytes, first[name], last[name]) for name in first if name in on_chip]


def activation_map(trace: OpTrace, graph: OpGraph, units: dict[str, Unit], fused: set[str]) -> tuple[Allocation, ...]:
    """Addresses of a graph's activations within the arena."""
    return allocate(activation_lives(trace, graph, units, fused))


def spread_map(
    trace: OpTrace, graph: OpGraph, units: dict[str, Unit], fused: set[str], room: int
) -> tuple[Allocation, ...]:
    """As ``activation_map``, but bytes are reused as late as ``room`` bytes of arena allow.

    So an operation that may begin before others have ended seldom waits for their bytes.
    """
    lives = activation_lives(trace, graph, units, fused)
    reach = len(graph.ops)
    while reach:
        placed = allocate([replace(life, last=life.last + reach) for life in lives])
        if peak_bytes(placed) <= room:
            return placed
        reach //= 2
    return allocate(lives)


def arena_bytes(trace: OpTrace, units: Units, fused: dict[str, set[str]]) -> int:
    """Size of the arena that serves every graph in turn."""
    return max(
        (peak_bytes(activation_map(trace, graph, units[name], fused[name])) for name, graph in trace.graphs.items()),
        default=0,
    )


def largest_of(trace: OpTrace, units: Units, fused: dict[str, set[str]]) -> str:
    """A text with the bytes that last and those that serve every graph in turn, and the tensor that takes most
    of each.
    """
    lasting = lasting_tensors(trace, units)
    maps = {name: activation_map(trace, graph, units[name], fused[name]) for name, graph in trace.graphs.items()}
    widest = max(maps, key=lambda name: peak_bytes(maps[name]), default="")
    activations = [allocation.life.name for allocation in maps.get(widest, ())]
    what_lasts = _with_largest(trace, "what lasts", lasting_bytes(trace, units), lasting)
    arena = _with_largest(trace, f"a call of {widest}", arena_bytes(trace, units, fused), activations)
    return ", ".join(part for part in (what_lasts, arena) if part)


def _with_largest(trace: OpTrace, what: str, bytes: int, names: Sequence[str]) -> str:
    """ "what lasts takes 70000 bytes (state h 65536)"; "" without any."""
    if not names:
        return ""
    largest = max(names, key=lambda name: trace.tensors[name].bytes)
    spec = trace.tensors[largest]
    return f"{what} takes {bytes} bytes ({spec.role} {largest[:100]} {spec.bytes})"
