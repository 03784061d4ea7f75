"""simulate(trace, chip, options) -> SimResult: compile, run, put together.

Modelling assumptions. Utterances are independent: each begins with a clock at zero and zero states; resident weights
are loaded once before the first one (graph ``boot``). No invocation of a frame starts before the frame's audio exists,
one of a chunk not before its last frame's; frames queue when the chip is late. A frame whose result stands on the NNA
ends with one crossing back to the CPU (graph ``frame_end``). ``cpu_ms`` is time in which the CPU computes; crossings
are counted apart.
"""

from __future__ import annotations

from functools import partial

from nnasim.collecting import no_collection
from nnasim.compiler import CompiledTrace, constraints
from nnasim.compiler.schedule import trace_steps
from nnasim.hardware import NnaConfig
from nnasim.ir.result import SimResult
from nnasim.ir.run import ProgramRun, StepRun
from nnasim.ir.trace import OpTrace
from nnasim.records import computed
from nnasim.results import SimOptions, result_of
from nnasim.sim.replay import Replay, replay_is_exact
from nnasim.sim.run import run_program, run_steps


def simulate(trace: OpTrace, chip: NnaConfig, options: SimOptions | None = None) -> SimResult:
    """Run ``trace`` on ``chip``. Raises PlacementError or SimulationError."""
    return simulate_compiled(CompiledTrace(trace, chip), options or SimOptions())


def simulate_compiled(compiled: CompiledTrace, options: SimOptions) -> SimResult:
    """Run a trace that has been compiled for its chip. Raises PlacementError or SimulationError."""
    refuse_batches(compiled.chip)
    with no_collection():
        boot = run_boot(compiled)
        runs = run_utterances(compiled, options)
        with computed("the run"):
            return result_of(compiled, options, boot, runs)


def refuse_batches(chip: NnaConfig) -> None:
    """PlacementError where ``chip`` has batches of streams: ``nnasim.sharing`` has streams."""
    batch = chip.compiler.batch_streams
    if not constraints.batches_are_of_streams(batch):
        constraints.refuse(constraints.batches_are_of_streams, chip.name, "compiler.batch_streams", batch)


def run_boot(compiled: CompiledTrace) -> ProgramRun | None:
    """The loading of resident weights; None where there are none."""
    program = compiled.boot()
    return run_program(program, compiled.chip) if program else None


def run_utterances(compiled: CompiledTrace, options: SimOptions) -> list[list[StepRun]]:
    """The runs of every utterance's steps, each utterance from cycle 0."""
    chip, steps = compiled.chip, trace_steps(compiled)
    if options.replay and replay_is_exact(chip):
        replay = Replay(partial(run_program, chip=chip))
        return [replay.run_steps(utterance) for utterance in steps]
    return [run_steps(utterance, chip, stream=index) for index, utterance in enumerate(steps)]
