"""Runs that stand for others: a program that starts from the same chip state takes the same cycles."""

from __future__ import annotations

from collections.abc import Callable

from nnasim.hardware import NnaConfig
from nnasim.ir.program import Ahead, Program
from nnasim.ir.run import ProgramRun, Step, StepRun
from nnasim.ir.trace import Unit


def replay_is_exact(chip: NnaConfig) -> bool:
    """Whether one run of a program stands for all its runs: each part whose time may depend on the cycle says so."""
    alone = not chip.host.has_other_load and not chip.dma.prefetch_across_calls
    return alone and chip.dram_model.replay_is_exact


class Replay:
    """Programs that start from the same chip state take the same cycles: each is run once, then replayed.

    Exact where ``replay_is_exact``: a call begins with a machine at rest and empty weight buffers, and all else
    that time depends on is in the program itself: within one compiled trace, its graph, its crossings and how commands
    may overtake name it.
    """

    def __init__(self, run: Callable[[Program], ProgramRun]) -> None:
        self._run = run
        self._known: dict[tuple[str, tuple[tuple[int, Unit], ...], Ahead | None], ProgramRun] = {}

    def run_steps(self, steps: list[Step]) -> list[StepRun]:
        """As ``run_steps``, every distinct program simulated once."""
        runs, now = [], 0
        run_of: dict[int, ProgramRun] = {}  # by identity: hashing a program's crossings a thousand times takes time
        for step in steps:
            start = max(now, step.earliest)
            run = run_of.get(id(step.program)) or run_of.setdefault(id(step.program), self.run_program(step.program))
            runs.append(StepRun(step, start, run))
            now = start + run.cycles
        return runs

    def run_program(self, program: Program) -> ProgramRun:
        """The run of ``program``, simulated at its first call."""
        key = (program.graph, program.crossings, program.ahead)
        if key not in self._known:
            self._known[key] = self._run(program)
        return self._known[key]
