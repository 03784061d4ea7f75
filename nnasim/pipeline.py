"""simulate(trace, hardware, options) -> SimResult: compile, run, analyse.

Modelling assumptions. Utterances are independent: each begins with a clock at zero and zero states; resident weights
are loaded once before the first one (graph ``boot``). No invocation of a frame starts before the frame's audio exists,
one of a chunk not before its last frame's; frames queue when the chip is late. A frame whose result stands on the NNA
ends with one crossing back to the CPU (graph ``frame_end``). ``cpu_ms`` is time in which the CPU computes; crossings
are counted apart.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import nnasim
from nnasim.analysis.counters import frame_counters
from nnasim.analysis.energy import area_mm2, energy_mj
from nnasim.analysis.latency import frame_rows, frame_times, utterance_times
from nnasim.analysis.roofline import bound_cycles
from nnasim.analysis.tally import Tally, tally
from nnasim.analysis.timeline import frame_spans
from nnasim.compiler import AT_START, CompiledTrace
from nnasim.compiler.agreement import unused_fields
from nnasim.compiler.memory_plan import latency_hidden
from nnasim.errors import SimulationError, shown
from nnasim.hardware import NnaConfig
from nnasim.ir.io import record_hash
from nnasim.ir.program import BLOCKS, Program
from nnasim.ir.result import BlockTime, CounterSamples, Fallback, OpCost, SimResult, Totals
from nnasim.ir.run import InvocationRun, Record, Step, StepRun
from nnasim.ir.trace import OpTrace, Utterance
from nnasim.ir.workload import workload_of
from nnasim.sim import not_modelled
from nnasim.sim.machine import WATCHDOG_CYCLES
from nnasim.sim.run import Replay, run_program, run_steps
from nnasim.units import cycles_to_ms, seconds_to_cycles


@dataclass(frozen=True)
class SimOptions:
    """How to simulate. ``replay``: reuse the run of an invocation that starts from the same chip state (exact).

    ``endpointer_ms``: what the endpointer waits, a part of the user-perceived latency; None: not known, left out.
    ``timeline``: whether the result carries the spans of one frame; a sweep, which keeps no result, leaves them out.
    """

    replay: bool = True
    endpointer_ms: float | None = None
    timeline: bool = True


def simulate(trace: OpTrace, hardware: NnaConfig, options: SimOptions | None = None) -> SimResult:
    """Run ``trace`` on ``hardware``. Raises PlacementError or SimulationError."""
    return simulate_compiled(CompiledTrace(trace, hardware), options or SimOptions())


def simulate_compiled(compiled: CompiledTrace, options: SimOptions) -> SimResult:
    """Run a trace that has been compiled for its chip. Raises PlacementError or SimulationError."""
    boot = compiled.boot()
    first = run_program(boot, compiled.config) if boot else None
    runs = run_utterances(compiled, options)
    return _result(compiled, options, first, runs)


def run_utterances(compiled: CompiledTrace, options: SimOptions) -> list[list[StepRun]]:
    """The runs of every utterance's steps, each utterance from cycle 0."""
    hardware = compiled.config
    replay = Replay(partial(run_program, config=hardware))
    steps = compiled.shared("steps", hardware.clock_hz, lambda: _steps(compiled))
    if options.replay and not hardware.host.has_other_load:  # other load makes every invocation different
        return [replay.run_steps(some) for some in steps]
    return [run_steps(some, hardware, stream=index) for index, some in enumerate(steps)]


def _steps(compiled: CompiledTrace) -> list[list[Step]]:
    return [list(utterance_steps(compiled, utterance)) for utterance in compiled.trace.utterances]


def utterance_steps(compiled: CompiledTrace, utterance: Utterance) -> Iterator[Step]:
    """The programs of one utterance in order: its invocations, and after each frame the return of its result."""
    clock_hz, holders = compiled.config.clock_hz, AT_START
    calls = list(zip(utterance.call_graphs, utterance.call_frames, strict=True))
    following = [frame for _, frame in calls[1:]] + [None]
    for (graph, frame), next_frame in zip(calls, following, strict=True):
        frames = compiled.frames.get(graph, 1)
        arrival = arrival_cycles(utterance, frame + frames - 1, clock_hz)
        program: Program | None = compiled.program(graph, holders)
        while program is not None:
            yield Step(program, arrival, frame, frames)
            holders = program.exit
            program = compiled.frame_end(holders) if next_frame != frame else None


def arrival_cycles(utterance: Utterance, frame: int, clock_hz: float) -> int:
    """The cycle at which a frame's audio exists. SimulationError beyond the watchdog."""
    seconds = utterance.arrivals[frame]
    if seconds * clock_hz > WATCHDOG_CYCLES:
        raise SimulationError(
            f"utterance {shown(utterance.id)}: frame {frame} arrives after {seconds:g} s, "
            f"the watchdog ends a run after {WATCHDOG_CYCLES / clock_hz:g} s"
        )
    return seconds_to_cycles(seconds, clock_hz)


def _result(
    compiled: CompiledTrace, options: SimOptions, boot: InvocationRun | None, runs: list[list[StepRun]]
) -> SimResult:
    trace, hardware = compiled.trace, compiled.config
    sums, bound = _sums(hardware, boot, runs)
    total_cycles = (boot.cycles if boot else 0) + sum(steps[-1].end for steps in runs)
    rows = [
        row for index, steps in enumerate(runs) for row in _frame_rows(trace.utterances[index], index, steps, hardware)
    ]
    parts = energy_mj(hardware, sums.actions, total_cycles)
    return SimResult(
        system=trace.system,
        preset=hardware.name,
        hardware=hardware.model_dump(mode="json"),
        hardware_hash=hardware.digest(),
        numerics_hash=trace.numerics.digest(),
        trace_hash=compiled.shared("trace_hash", None, lambda: record_hash(compiled.given)),
        versions={"nnasim": nnasim.__version__, "python": platform.python_version()},
        clock_hz=hardware.clock_hz,
        totals=_totals(sums, total_cycles, hardware.clock_hz, parts["total"].nominal if parts else None),
        bound_cycles=bound,
        blocks={block: _block_time(sums, block, total_cycles) for block in BLOCKS},
        ops=_op_costs(sums),
        frames=frame_times(rows),
        utterances=tuple(
            utterance_times(utterance, steps, hardware.clock_hz, options.endpointer_ms)
            for utterance, steps in zip(trace.utterances, runs, strict=True)
        ),
        spans=frame_spans(runs[0]) if options.timeline else (),
        counters=_counters(compiled, runs[0]) if options.timeline else (),
        residency={tensor: tensor in compiled.memory.resident for tensor in sorted(compiled.uses)},
        not_modelled=not_modelled(hardware),
        workload=compiled.shared("workload", None, lambda: workload_of(compiled.given)),
        fallback=_fallback(compiled, sums.actions["handoffs"]),
        unused_numerics=tuple(unused_fields(compiled.trace, hardware, compiled.units)),
        latency_hidden=latency_hidden(hardware, compiled.memory, compiled.uses),
        peak_macs_per_cycle=hardware.mac_array.macs,
        extra=_extra(compiled, sums, parts),
    )


def _fallback(compiled: CompiledTrace, handoffs: int) -> Fallback | None:
    if not compiled.fallen:
        return None
    without = compiled.shared("handoffs without fallback", None, lambda: _handoffs(compiled.as_wanted()))
    return Fallback(kinds=tuple(compiled.fallen), handoffs=handoffs, handoffs_without=without)


def _handoffs(compiled: CompiledTrace) -> int:
    """Crossings of all utterances."""
    return sum(step.program.handoffs for steps in _steps(compiled) for step in steps)


def _counters(compiled: CompiledTrace, steps: list[StepRun]) -> tuple[CounterSamples, ...]:
    memory = compiled.memory
    lasting = memory.working_set + memory.resident_bytes
    return frame_counters(steps, lasting, memory.buffer_bytes, compiled.config.clock_hz)


def _sums(hardware: NnaConfig, boot: InvocationRun | None, runs: list[list[StepRun]]) -> tuple[Tally, int]:
    """The tally of everything, and the bound on it; runs of one program that went alike are looked at once."""
    times: dict[int, int] = {}
    objects: dict[int, InvocationRun] = {}
    for run in [*([boot] if boot else []), *(step.run for steps in runs for step in steps)]:
        objects[id(run)] = run
        times[id(run)] = times.get(id(run), 0) + 1
    alike: dict[tuple[int, tuple[Record, ...]], tuple[InvocationRun, int]] = {}
    for key, run in objects.items():
        same = (id(run.program), run.records)
        alike[same] = (run, alike.get(same, (run, 0))[1] + times[key])
    total, bound = Tally(), 0
    for run, count in alike.values():
        total.add(tally(run), count)
        bound += count * bound_cycles(run.program, hardware)
    return total, bound


def _frame_rows(
    utterance: Utterance, index: int, steps: list[StepRun], hardware: NnaConfig
) -> Iterator[tuple[int, ...]]:
    arrivals = [arrival_cycles(utterance, frame, hardware.clock_hz) for frame in range(len(utterance.arrivals))]
    return frame_rows(index, arrivals, steps)


def _totals(sums: Tally, cycles: int, clock_hz: float, energy: float | None) -> Totals:
    return Totals(
        cycles=cycles,
        nna_cycles=sums.nna_cycles,
        cpu_ms=cycles_to_ms(sums.actions["cpu_cycles"], clock_hz),
        handoffs=sums.actions["handoffs"],
        dram_bytes=sums.actions["dram_bytes"],
        sram_bytes=sums.actions["sram_bytes"],
        macs=sums.actions["macs"],
        energy_mj=energy,
    )


def _block_time(sums: Tally, block: str, cycles: int) -> BlockTime:
    busy, stall = sums.busy[block], sums.stall[block]
    return BlockTime(busy=busy, stall=stall, idle=cycles - busy - stall)


def _op_costs(sums: Tally) -> tuple[OpCost, ...]:
    return tuple(
        OpCost(
            graph=op.info.graph, op=op.info.name, kind=op.info.kind, group=op.info.group, layer=op.info.layer,
            unit=op.info.unit, block=op.info.block, count=op.count, cycles=op.cycles,
            stall_cycles=op.stall_cycles, bytes=op.bytes, macs=op.macs,
        )
        for op in sums.ops.values()
    )  # fmt: skip


def _extra(compiled: CompiledTrace, sums: Tally, energy: dict[str, Any]) -> dict[str, Any]:
    memory, hardware = compiled.memory, compiled.config
    extra: dict[str, Any] = {
        "handoff_ms": cycles_to_ms(sums.actions["handoff_cycles"], hardware.clock_hz),
        "busy_cycles": sums.cycles,
        "sram_plan_bytes": {
            "working_set": memory.working_set,
            "resident_weights": memory.resident_bytes,
            "weight_buffers": memory.buffers * memory.buffer_bytes,
            "free": hardware.sram.bytes - memory.total,
        },
        "hardware_numerics_hash": hardware.numerics.digest(),
    }
    if energy:
        extra["energy_mj"] = {part: list(spread) for part, spread in energy.items()}
    if area := area_mm2(hardware):
        extra["area_mm2"] = {part: list(spread) for part, spread in area.items()}
    return extra
