"""Running programs: one invocation alone, or a whole utterance in one environment with audio arriving."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

from nnasim.hardware import NnaConfig
from nnasim.ir.program import Program
from nnasim.ir.run import WATCHDOG_CYCLES, ProgramRun, Step, StepRun
from nnasim.ir.trace import Unit
from nnasim.sim.datapath import Datapath
from nnasim.sim.machine import Machine, run_until_done
from nnasim.sim.probe import Probe
from nnasim.sim.windows import Windows, fastest


def run_program(program: Program, chip: NnaConfig, watchdog_cycles: int = WATCHDOG_CYCLES) -> ProgramRun:
    """``program`` alone, from a machine at rest."""
    if program.ahead is not None and not chip.host.has_other_load:
        return fastest(program, chip, watchdog_cycles).run
    return run_steps([Step(program, 0, 0)], chip, watchdog_cycles)[0].run


def run_steps(
    steps: list[Step],
    chip: NnaConfig,
    watchdog_cycles: int = WATCHDOG_CYCLES,
    datapath: Datapath | None = None,
    stream: int = 0,
) -> list[StepRun]:
    """Every event of ``steps``, one after another on one machine; ``datapath`` moves the data, if any.

    ``stream``: which stream of other load on the CPU, if there is such load.
    """
    env, probe, datapath = simpy.Environment(), Probe(), datapath or Datapath()
    machine, runs = Machine(env=env, chip=chip, probe=probe, datapath=datapath, stream=stream), list[StepRun]()
    windows = Windows(chip)

    def utterance() -> Generator[simpy.Event, Any, None]:
        for step in steps:
            if step.earliest > env.now:
                yield env.timeout(step.earliest - int(env.now))
            start = probe.origin = int(env.now)
            datapath.begin_step(step)
            yield from machine.execute(step.program, windows.of(step.program))
            datapath.end_step(step)
            run = ProgramRun(step.program, int(env.now) - start, tuple(probe.records))
            probe.records.clear()
            runs.append(StepRun(step, start, run))

    last = max(step.earliest for step in steps)
    run_until_done(env, env.process(utterance()), probe, last + watchdog_cycles, chip)
    return runs


def replay_is_exact(chip: NnaConfig) -> bool:
    """Whether one run of a program stands for all its runs: each part whose time may depend on the cycle says so."""
    return not chip.host.has_other_load and chip.dram_model.replay_is_exact


class Replay:
    """Programs that start from the same chip state take the same cycles: each is run once, then replayed.

    Exact where ``replay_is_exact``: an invocation begins with a machine at rest and empty weight buffers, and all else
    that time depends on is in the program itself: within one compiled trace, its graph and its crossings name it.
    """

    def __init__(self, run: Callable[[Program], ProgramRun]) -> None:
        self._run = run
        self._known: dict[tuple[str, tuple[tuple[int, Unit], ...]], ProgramRun] = {}

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
        key = (program.graph, program.crossings)
        if key not in self._known:
            self._known[key] = self._run(program)
        return self._known[key]
