"""simulate(trace, chip, options) -> SimResult: compile a trace, run it, and collect the result.

Modelling assumptions. Utterances are independent: each begins with a clock at zero and zero states. Resident weights
are loaded once before the first utterance (graph ``boot``). A call that needs a frame does not start before the frame's
audio exists, and a call that needs a chunk of frames not before the last of them; frames queue when the chip is late. A
frame whose result is on the NNA ends with one crossing back to the CPU (graph ``frame_end``). ``cpu_ms`` is the time in
which the CPU computes; crossings are counted separately.
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
    """The result of ``trace`` on ``chip``. Raises PlacementError or SimulationError."""
    return simulate_compiled(CompiledTrace(trace, chip), options or SimOptions())


def simulate_compiled(compiled: CompiledTrace, options: SimOptions) -> SimResult:
    """The result of a trace that has been compiled for its chip. Raises PlacementError or SimulationError."""
    refuse_batches(compiled.chip)
    with no_collection():
        boot = run_boot(compiled)
        runs = run_utterances(compiled, options)
        with computed("the run"):
            return result_of(compiled, options, boot, runs)


def refuse_batches(chip: NnaConfig) -> None:
    """Raise PlacementError if ``chip`` batches streams, which only ``nnasim.sharing`` simulates."""
    batch = chip.compiler.batch_streams
    if not constraints.batches_are_of_streams(batch):
        constraints.refuse(constraints.batches_are_of_streams, chip.name, "compiler.batch_streams", batch)


def run_boot(compiled: CompiledTrace) -> ProgramRun | None:
    """The run that loads the resident weights; None if there are none."""
    program = compiled.boot()
    return run_program(program, compiled.chip) if program else None


def run_utterances(compiled: CompiledTrace, options: SimOptions) -> list[list[StepRun]]:
    """The runs of every utterance's steps; each utterance starts at cycle 0."""
    chip, steps = compiled.chip, trace_steps(compiled)
    if options.replay and replay_is_exact(chip):
        replay = Replay(partial(run_program, chip=chip))
        return [replay.run_steps(utterance) for utterance in steps]
    return [run_steps(utterance, chip, stream=index) for index, utterance in enumerate(steps)]
