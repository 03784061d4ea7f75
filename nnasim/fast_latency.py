"""Engine latency of many chips that differ in times only: each distinct program runs once, then frames queue for it.

A map over hand-off time and bandwidth needs hundreds of simulations of the same trace. Which programs run, in which
order and for which frame depends on the trace and on placement, not on times, so this order is found once. A chip then
costs one run of each distinct program (about ten) and one addition per call. The result equals that of
``simulate`` to the cycle; a test compares them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from nnasim.compiler import AT_START, CompiledTrace
from nnasim.compiler.schedule import arrival_cycles, utterance_steps
from nnasim.hardware import NnaConfig
from nnasim.ir.program import Holders, Program
from nnasim.ir.run import Step
from nnasim.ir.trace import OpTrace
from nnasim.sim.replay import replay_is_exact
from nnasim.sim.run import run_program, run_steps
from nnasim.units import cycles_to_ms

Key = tuple[str, Holders]


@dataclass(frozen=True)
class Queue:
    """The steps of one utterance: the program of each (an index into ``Schedule.keys``), and its earliest start in
    cycles.
    """

    programs: tuple[int, ...]
    earliest: tuple[int, ...]
    last_arrival: int


@dataclass(frozen=True)
class Schedule:
    """The order of programs in every utterance of a trace; valid for chips with the same clock, memory and units."""

    compiled: CompiledTrace
    keys: tuple[Key, ...]
    queues: tuple[Queue, ...]


def schedule(trace: OpTrace, chip: NnaConfig) -> Schedule:
    """The order in which the programs of ``trace`` run on chips like ``chip``."""
    compiled = CompiledTrace(trace, chip)
    keys: dict[Key, int] = {}
    queues = []
    for utterance in compiled.trace.utterances:
        programs, earliest, entry = list[int](), list[int](), AT_START
        for step in utterance_steps(compiled, utterance):
            programs.append(keys.setdefault((step.program.graph, entry), len(keys)))
            earliest.append(step.earliest)
            entry = step.program.exit
        last = arrival_cycles(utterance, len(utterance.arrivals) - 1, chip.clock_hz)
        queues.append(Queue(tuple(programs), tuple(earliest), last))
    return Schedule(compiled, tuple(keys), tuple(queues))


@dataclass(frozen=True)
class Cost:
    """The cost of a schedule on a chip: the engine latency of every utterance, and sums over all of them."""

    engine_latency_ms: tuple[float, ...]
    handoffs: int
    busy_ms: float


def cost(plan: Schedule, chip: NnaConfig) -> Cost:
    """The cost of ``plan`` on ``chip``. Raises PlacementError or SimulationError."""
    programs = list(_programs(plan, chip))
    ends, busy = (_replayed if replay_is_exact(chip) else _simulated)(plan, programs, chip)
    counts = Counter(program for queue in plan.queues for program in queue.programs)
    return Cost(
        engine_latency_ms=tuple(
            cycles_to_ms(max(0, end - queue.last_arrival), chip.clock_hz)
            for queue, end in zip(plan.queues, ends, strict=True)
        ),
        handoffs=sum(count * programs[index].handoffs for index, count in counts.items()),
        busy_ms=cycles_to_ms(busy, chip.clock_hz),
    )


Timing = tuple[list[int], int]
"""The end of each utterance in cycles from its start, and the cycles of work of all of them together."""


def _replayed(plan: Schedule, programs: list[Program], chip: NnaConfig) -> Timing:
    """The timing where each program is run once."""
    cycles = [run_program(program, chip).cycles for program in programs]
    busy = sum(cycles[index] for queue in plan.queues for index in queue.programs)
    return [_done(queue, cycles) for queue in plan.queues], busy


def _simulated(plan: Schedule, programs: list[Program], chip: NnaConfig) -> Timing:
    """The timing where every step is simulated at its own time, for chips on which the time decides how long a step
    takes.
    """
    ends, busy = list[int](), 0
    for stream, queue in enumerate(plan.queues):
        starts = zip(queue.programs, queue.earliest, strict=True)
        runs = run_steps([Step(programs[index], earliest, 0) for index, earliest in starts], chip, stream=stream)
        ends.append(runs[-1].end)
        busy += sum(run.run.cycles for run in runs)
    return ends, busy


def _programs(plan: Schedule, chip: NnaConfig) -> Iterator[Program]:
    compiled = plan.compiled.on(chip)  # the compiler reads none of what these chips differ in
    for graph, entry in plan.keys:
        program = compiled.frame_end(entry) if graph == "frame_end" else compiled.program(graph, entry)
        assert program is not None
        yield program


def _done(queue: Queue, cycles: list[int]) -> int:
    """The cycle in which the last program ends, by Lindley's recursion."""
    now = 0
    for program, earliest in zip(queue.programs, queue.earliest, strict=True):
        now = (now if now > earliest else earliest) + cycles[program]
    return now
