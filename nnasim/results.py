"""The figures of finished runs, collected into a SimResult. Nothing is run here."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import nnasim
from nnasim.analysis.causes import Causes
from nnasim.analysis.counters import frame_counters
from nnasim.analysis.energy import Spread, area_mm2, energy_mj
from nnasim.analysis.frame_path import frame_path, representative_moment
from nnasim.analysis.latency import frame_rows, frame_times, utterance_times
from nnasim.analysis.roofline import bound_cycles
from nnasim.analysis.tally import Tally, alike, tally_all
from nnasim.analysis.timeline import frame_spans
from nnasim.compiler import CompiledTrace
from nnasim.compiler.agreement import unused_fields
from nnasim.compiler.memory_plan import latency_hidden
from nnasim.compiler.on_cpu import cpu_ops
from nnasim.compiler.schedule import compiled_arrivals, handoffs_as_wanted
from nnasim.hardware import NnaConfig
from nnasim.ir.explanation import Explanation
from nnasim.ir.io import record_digest
from nnasim.ir.program import BLOCKS
from nnasim.ir.result import BlockTime, CounterSamples, Extra, Fallback, OpCost, SimResult, SramPlan, Totals
from nnasim.ir.run import ProgramRun, StepRun
from nnasim.ir.workload import workload_of
from nnasim.sim import not_modelled
from nnasim.units import cycles_to_ms

MOST_CPU_OPS = 200  # that a result lists with their reasons; a model from elsewhere may have 50,000


@dataclass(frozen=True)
class SimOptions:
    """Options of a simulation. ``replay``: reuse the run of a call that starts from the same chip state (exact).

    ``endpointer_ms``: how long the endpointer waits, a part of the user-perceived latency; None if unknown, and then
    left out. ``timeline``: whether the result holds the spans of one frame and what it waited for; a sweep leaves them
    out.
    """

    replay: bool = True
    endpointer_ms: float | None = None
    timeline: bool = True


def result_of(
    compiled: CompiledTrace, options: SimOptions, boot: ProgramRun | None, runs: Sequence[list[StepRun]]
) -> SimResult:
    """The result of ``boot`` and of ``runs``, one list of steps per utterance."""
    trace, chip = compiled.trace, compiled.chip
    counted = alike([*([boot] if boot else []), *(step.run for steps in runs for step in steps)])
    sums = tally_all(counted)
    cycles = (boot.cycles if boot else 0) + sum(steps[-1].end for steps in runs)
    energy, costs = energy_mj(chip, sums.actions, cycles), op_costs(sums)
    return SimResult(
        system=trace.system,
        preset=chip.name,
        hardware=chip.model_dump(mode="json"),
        hardware_hash=chip.digest(),
        numerics_hash=trace.numerics.digest(),
        trace_hash=compiled.shared("trace_hash", None, lambda: record_digest(compiled.given)),
        versions={"nnasim": nnasim.__version__, "python": platform.python_version()},
        clock_hz=chip.clock_hz,
        totals=totals_of(sums, cycles, chip.clock_hz, energy),
        bound_cycles=sum(count * bound_cycles(run.program, chip) for run, count in counted),
        blocks={block: _block_time(sums, block, cycles) for block in BLOCKS},
        ops=costs,
        frames=frame_times(list(_frame_rows(compiled, runs))),
        utterances=tuple(
            utterance_times(utterance, steps, chip.clock_hz, options.endpointer_ms)
            for utterance, steps in zip(trace.utterances, runs, strict=True)
        ),
        spans=frame_spans(runs[0]) if options.timeline else (),
        counters=_counters(compiled, runs[0]) if options.timeline else (),
        residency={tensor: tensor in compiled.memory.resident for tensor in sorted(compiled.uses)},
        not_modelled=not_modelled(chip, {op.info.kind for op in sums.ops.values()}),
        workload=compiled.shared("workload", None, lambda: workload_of(compiled.given)),
        fallback=_fallback(compiled, sums.actions["handoffs"]),
        imported=trace.imported,
        unused_numerics=tuple(unused_fields(trace, chip, compiled.units)),
        latency_hidden=latency_hidden(chip, compiled.memory, compiled.uses),
        peak_macs_per_cycle=chip.mac_array.macs,
        extra=_extra(compiled, sums, energy),
        explanation=_explanation(compiled, runs[0], costs, sums.actions["handoffs"]) if options.timeline else None,
    )


def _explanation(compiled: CompiledTrace, steps: list[StepRun], costs: Sequence[OpCost], handoffs: int) -> Explanation:
    """The causes of one frame's latency in the first utterance, and why operations are on the CPU."""
    moment = representative_moment(steps, compiled_arrivals(compiled, compiled.trace.utterances[0]))
    ops, others = cpu_ops(compiled, costs, handoffs)
    return Explanation(
        path=frame_path(moment, Causes(compiled.chip).parts),
        cpu_ops=tuple(ops[:MOST_CPU_OPS]),
        more_cpu_ops=max(0, len(ops) - MOST_CPU_OPS),
        other_crossings=others,
    )


def _fallback(compiled: CompiledTrace, handoffs: int) -> Fallback | None:
    if not compiled.fallen:
        return None
    return Fallback(kinds=tuple(compiled.fallen), handoffs=handoffs, handoffs_without=handoffs_as_wanted(compiled))


def _counters(compiled: CompiledTrace, steps: list[StepRun]) -> tuple[CounterSamples, ...]:
    memory = compiled.memory
    lasting = memory.working_set + compiled.spread_bytes + memory.resident_bytes
    return frame_counters(steps, lasting, memory.buffer_bytes, compiled.chip.clock_hz)


def _frame_rows(compiled: CompiledTrace, runs: Sequence[list[StepRun]]) -> Iterator[tuple[int, ...]]:
    for index, (utterance, steps) in enumerate(zip(compiled.trace.utterances, runs, strict=True)):
        yield from frame_rows(index, compiled_arrivals(compiled, utterance), steps)


def totals_of(sums: Tally, cycles: int, clock_hz: float, energy: dict[str, Spread]) -> Totals:
    """The totals of ``sums`` as a result holds them, for a run of ``cycles`` cycles."""
    return Totals(
        cycles=cycles,
        nna_cycles=sums.nna_cycles,
        cpu_ms=cycles_to_ms(sums.actions["cpu_cycles"], clock_hz),
        handoffs=sums.actions["handoffs"],
        dram_bytes=sums.actions["dram_bytes"],
        sram_bytes=sums.actions["sram_bytes"],
        macs=sums.actions["macs"],
        energy_mj=energy["total"].nominal if energy else None,
    )


def _block_time(sums: Tally, block: str, cycles: int) -> BlockTime:
    busy, stall = sums.busy[block], sums.stall[block]
    return BlockTime(busy=busy, stall=stall, idle=cycles - busy - stall)


def op_costs(sums: Tally) -> tuple[OpCost, ...]:
    """The cost of each operation in ``sums``."""
    return tuple(
        OpCost(
            graph=op.info.graph,
            op=op.info.name,
            kind=op.info.kind,
            group=op.info.group,
            layer=op.info.layer,
            unit=op.info.unit,
            block=op.info.block,
            count=op.count,
            cycles=op.cycles,
            stall_cycles=op.stall_cycles,
            bytes=op.bytes,
            macs=op.macs,
        )
        for op in sums.ops.values()
    )


def _extra(compiled: CompiledTrace, sums: Tally, energy: dict[str, Spread]) -> Extra:
    chip = compiled.chip
    return Extra(
        handoff_ms=cycles_to_ms(sums.actions["handoff_cycles"], chip.clock_hz),
        busy_cycles=sums.cycles,
        sram_plan_bytes=_sram_plan(compiled, chip),
        energy_mj={part: tuple(spread) for part, spread in energy.items()} or None,
        area_mm2={part: tuple(spread) for part, spread in area_mm2(chip).items()} or None,
    )


def _sram_plan(compiled: CompiledTrace, chip: NnaConfig) -> SramPlan:
    memory = compiled.memory
    return SramPlan(
        working_set=memory.working_set + compiled.spread_bytes,
        resident_weights=memory.resident_bytes,
        weight_buffers=memory.buffers * memory.buffer_bytes,
        free=chip.sram.bytes - memory.total - compiled.spread_bytes,
    )
