"""The order of programs: the steps of every utterance, in the order in which decoding made its calls."""

from __future__ import annotations

from collections.abc import Iterator

from nnasim.compiler.compile import AT_START, CompiledTrace
from nnasim.errors import SimulationError, shown
from nnasim.ir.program import Program
from nnasim.ir.run import WATCHDOG_CYCLES, Step
from nnasim.ir.trace import Utterance
from nnasim.units import seconds_to_cycles


def trace_steps(compiled: CompiledTrace) -> list[list[Step]]:
    """The steps of every utterance; found once for all chips that share the programs and the clock."""
    return compiled.shared("steps", compiled.chip.clock_hz, lambda: _steps(compiled))


def handoffs_as_wanted(compiled: CompiledTrace) -> int:
    """Crossings of all utterances on a chip that has a unit for everything that the trace wants on it."""

    def crossings() -> int:
        return sum(step.program.handoffs for steps in _steps(compiled.as_wanted()) for step in steps)

    return compiled.shared("handoffs as wanted", None, crossings)


def _steps(compiled: CompiledTrace) -> list[list[Step]]:
    return [list(utterance_steps(compiled, utterance)) for utterance in compiled.trace.utterances]


def utterance_steps(compiled: CompiledTrace, utterance: Utterance) -> Iterator[Step]:
    """The programs of one utterance in order: its calls, and after each frame the return of its result."""
    clock_hz, holders = compiled.chip.clock_hz, AT_START
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


def compiled_arrivals(compiled: CompiledTrace, utterance: Utterance) -> list[int]:
    """The cycle at which each frame's audio exists, on the chip that ``compiled`` is for."""
    return [arrival_cycles(utterance, frame, compiled.chip.clock_hz) for frame in range(len(utterance.arrivals))]


def arrival_cycles(utterance: Utterance, frame: int, clock_hz: float) -> int:
    """The cycle at which a frame's audio exists. Raises SimulationError if that is beyond the watchdog."""
    seconds = utterance.arrivals[frame]
    if seconds * clock_hz > WATCHDOG_CYCLES:
        raise SimulationError(
            f"utterance {shown(utterance.id)}: frame {frame} arrives after {seconds:g} s, "
            f"the watchdog ends a run after {WATCHDOG_CYCLES / clock_hz:g} s"
        )
    return seconds_to_cycles(seconds, clock_hz)
