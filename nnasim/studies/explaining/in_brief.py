"""The changes that would help, for a result without a full explanation: only those that cost little to compute."""

from __future__ import annotations

from nnasim.collecting import no_collection
from nnasim.compiler.schedule import trace_steps
from nnasim.hardware import NnaConfig
from nnasim.ir.result import SimResult
from nnasim.ir.trace import OpTrace
from nnasim.sim.replay import replay_is_exact
from nnasim.studies.explaining.variants import Variants
from nnasim.studies.explaining.what_ifs import what_ifs

# What ten runs of so many commands and steps cost is under 2 s of CPU; the paper-sized recogniser's take 0.5 s.
MOST_COMMANDS, MOST_STEPS = 6_000, 10_000


def with_what_ifs(result: SimResult, trace: OpTrace, chip: NnaConfig) -> SimResult:
    """``result``, of ``trace`` on ``chip``, with a run for each limit lifted, where those are few seconds' work.

    By the work that there is, and not by the clock: the same inputs give the same result on any machine.
    """
    if result.explanation is None or not replay_is_exact(chip):
        return result
    with no_collection():
        variants = Variants(trace)
        if not _is_little(variants, chip):
            return result
        update = {"base": variants.figures(chip), "what_ifs": tuple(what_ifs(variants, chip))}
    return result.model_copy(update={"explanation": result.explanation.model_copy(update=update)})


def _is_little(variants: Variants, chip: NnaConfig) -> bool:
    steps = trace_steps(variants.compiled(chip))
    programs = {id(step.program): step.program for utterance in steps for step in utterance}
    commands = sum(len(program.commands) for program in programs.values())
    return commands <= MOST_COMMANDS and sum(map(len, steps)) <= MOST_STEPS
