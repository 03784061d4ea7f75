"""Every operation that the CPU runs: why it is there, and what its crossings cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from nnasim.compiler.compile import CompiledTrace
from nnasim.compiler.constraints import Limit, nna_has_operator, nna_runs_kind
from nnasim.compiler.placement import wanted_units
from nnasim.compiler.schedule import trace_steps
from nnasim.hardware import NnaConfig
from nnasim.ir.explanation import CpuOp
from nnasim.ir.program import HandoffCommand, HostCommand, Program
from nnasim.ir.result import OpCost
from nnasim.ir.trace import Op
from nnasim.units import cycles_to_ms, seconds_to_cycles

Named = tuple[str, str]
"""(graph, operation), under the names by which a result lists it."""

ALONE = "the NNA requantises only what a product puts out"
AT_THE_INPUT = "features are made and quantised on the CPU, in every system"


def cpu_ops(compiled: CompiledTrace, costs: Sequence[OpCost], handoffs: int) -> tuple[list[CpuOp], int]:
    """(operations that ran on the CPU, the costliest first; those of all ``handoffs`` that belong to no operation).

    ``costs``: what each operation took.
    """
    chip = compiled.chip
    ops = {(graph, op.name): op for graph, content in compiled.trace.graphs.items() for op in content.ops}
    reasons = {
        (graph, compiled.origin.get(name, name)): _reason(compiled, graph, op) for (graph, name), op in ops.items()
    }
    crossings, cycles = _crossings(compiled)
    rows = [_cpu_op(cost, chip, reasons, crossings, cycles) for cost in costs if _is_of_the_cpu(cost, reasons)]
    others = handoffs - sum(row.crossings for row in rows)
    return sorted(rows, key=lambda row: -(row.cpu_ms + row.crossing_ms)), others


def _is_of_the_cpu(cost: OpCost, reasons: Mapping[Named, str]) -> bool:
    """Whether the CPU works on an operation: a view of what it holds moves nothing."""
    return cost.unit == "cpu" and cost.kind != "handoff" and reasons.get((cost.graph, cost.op), "unknown") != ""


def _cpu_op(
    cost: OpCost, chip: NnaConfig, reasons: Mapping[Named, str], crossings: Counter[Named], cycles: Counter[Named]
) -> CpuOp:
    name = (cost.graph, cost.op)
    return CpuOp(
        graph=cost.graph,
        op=cost.op,
        kind=cost.kind,
        group=cost.group,
        reason=reasons.get(name, ""),
        count=cost.count,
        cpu_ms=cycles_to_ms(cost.cycles + cost.stall_cycles, chip.clock_hz),
        crossings=crossings[name],
        crossing_ms=cycles_to_ms(cycles[name], chip.clock_hz),
    )


def _reason(compiled: CompiledTrace, graph: str, op: Op) -> str:
    """The reason why ``op`` is on the CPU, in the words of the limit or of the placement that put it there."""
    trace, chip = compiled.trace, compiled.chip
    if compiled.units[graph][op.name] != "cpu":
        return ""
    if not nna_has_operator(op):
        return _sentence(nna_has_operator)
    if wanted_units(trace)[graph][op.name] == "nna":
        return ALONE if nna_runs_kind(chip, op) else _sentence(nna_runs_kind)
    if op.group == "input_quantise":
        return AT_THE_INPUT
    if op.name in trace.op_placement:
        return "the trace places it on the CPU"
    return f"{trace.system} places it on the CPU"


def _sentence(limit: Limit) -> str:
    return (limit.__doc__ or "").strip()


def _crossings(compiled: CompiledTrace) -> tuple[Counter[Named], Counter[Named]]:
    """(hand-offs, their cycles) on behalf of each operation of the CPU, over all calls."""
    counts, cycles = Counter[Named](), Counter[Named]()
    programs = Counter[int]()
    by_id: dict[int, Program] = {}
    for steps in trace_steps(compiled):
        for step in steps:
            programs[id(step.program)] += 1
            by_id[id(step.program)] = step.program
    makers = _makers(compiled)
    for key, times in programs.items():
        for name, command in _on_behalf(by_id[key], makers):
            chip = compiled.chip
            counts[name] += times
            cycles[name] += times * seconds_to_cycles(chip.host.handoff_seconds(command.bytes), chip.clock_hz)
    return counts, cycles


def _makers(compiled: CompiledTrace) -> dict[str, Named]:
    """Tensor -> the operation of the CPU that makes it."""
    return {
        tensor: (graph, compiled.origin.get(op.name, op.name))
        for graph, content in compiled.trace.graphs.items()
        for op in content.ops
        if compiled.units[graph][op.name] == "cpu"
        for tensor in op.outputs
    }


def _on_behalf(program: Program, makers: Mapping[str, Named]) -> Iterator[tuple[Named, HandoffCommand]]:
    """(operation of the CPU, crossing) of each crossing that one has caused.

    One to the CPU is caused by the next operation there, one to the NNA by the last one, or where this call has had
    none, by what made the state that the CPU holds since a call before. Others hand over inputs and results.
    """
    held = [makers[tensor] for tensor, unit in program.entry if unit == "cpu" and tensor in makers]
    last: Named | None = held[0] if held else None
    waiting: list[HandoffCommand] = []
    for command in program.commands:
        if isinstance(command, HandoffCommand):
            if command.to == "cpu":
                waiting.append(command)
            elif last is not None:
                yield last, command
        elif isinstance(command, HostCommand):
            info = program.ops[command.op]
            last = (info.graph, info.name)
            yield from ((last, crossing) for crossing in waiting)
            waiting = []
