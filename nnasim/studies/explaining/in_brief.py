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

# Ten runs of so many commands and steps take under 2 s of CPU; those of the paper-sized recogniser take 0.5 s.
MOST_COMMANDS, MOST_STEPS = 6_000, 10_000
# A comparison may take longer, as decoding its speech does: ten runs take 2 s of CPU for each result.
MOST_COMMANDS_COMPARED, MOST_STEPS_COMPARED = 30_000, 100_000


def with_what_ifs(result: SimResult, trace: OpTrace, chip: NnaConfig) -> SimResult:
    """``result``, of ``trace`` on ``chip``, with a run for each limit lifted, if those are few seconds' work.

    That is judged by the amount of work, not by the clock: the same inputs give the same result on any machine.
    """
    with no_collection():
        return _with_what_ifs(result, chip, Variants(trace), MOST_COMMANDS, MOST_STEPS)


class Compared:
    """The what-ifs of several results; what their chips and their traces have in common runs once."""

    def __init__(self) -> None:
        self._variants: list[Variants] = []

    def with_what_ifs(self, result: SimResult, trace: OpTrace, chip: NnaConfig) -> SimResult:
        """``result`` with what-ifs, as the function of this name gives it, for more work."""
        with no_collection():
            return _with_what_ifs(result, chip, self.variants(trace), MOST_COMMANDS_COMPARED, MOST_STEPS_COMPARED)

    def variants(self, trace: OpTrace) -> Variants:
        """The runs of ``trace``; naive and aat share them if they do the same work."""
        for known in self._variants:
            if known.trace is trace or known.trace == trace.model_copy(update={"system": known.trace.system}):
                return known
        self._variants.append(Variants(trace))
        return self._variants[-1]


def _with_what_ifs(
    result: SimResult, chip: NnaConfig, variants: Variants, most_commands: int, most_steps: int
) -> SimResult:
    if result.explanation is None or not replay_is_exact(chip):
        return result
    if not _is_little(variants, chip, most_commands, most_steps):
        return result
    update = {"base": variants.figures(chip), "what_ifs": tuple(what_ifs(variants, chip))}
    return result.model_copy(update={"explanation": result.explanation.model_copy(update=update)})


def _is_little(variants: Variants, chip: NnaConfig, most_commands: int, most_steps: int) -> bool:
    steps = trace_steps(variants.compiled(chip))
    programs = {id(step.program): step.program for utterance in steps for step in utterance}
    commands = sum(len(program.commands) for program in programs.values())
    return commands <= most_commands and sum(map(len, steps)) <= most_steps
