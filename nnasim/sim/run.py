"""Running programs: one call alone, or a whole utterance in one environment with audio arriving."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import simpy

from nnasim.hardware import NnaConfig
from nnasim.ir.program import Program
from nnasim.ir.run import WATCHDOG_CYCLES, ProgramRun, Step, StepRun
from nnasim.sim.across_calls import run_across_calls
from nnasim.sim.datapath import Datapath
from nnasim.sim.machine import Machine, run_until_done
from nnasim.sim.probe import Probe
from nnasim.sim.replay import replay_is_exact
from nnasim.sim.windows import Windows, fastest


def run_program(
    program: Program, chip: NnaConfig, watchdog_cycles: int = WATCHDOG_CYCLES, *, every_event: bool = False
) -> ProgramRun:
    """``program`` alone, from a machine at rest; with ``every_event`` no tiles are advanced together."""
    if replay_is_exact(chip) or (program.ahead is not None and not chip.host.has_other_load):
        return fastest(program, chip, watchdog_cycles, every_event=every_event).run
    return run_steps([Step(program, 0, 0)], chip, watchdog_cycles)[0].run


def run_steps(
    steps: list[Step],
    chip: NnaConfig,
    watchdog_cycles: int = WATCHDOG_CYCLES,
    datapath: Datapath | None = None,
    stream: int = 0,
) -> list[StepRun]:
    """Every event of ``steps``, one after another on one machine; ``datapath`` moves the data, if any.

    ``stream``: which stream of other load on the CPU, if there is such load. Weights are fetched ahead of calls where
    the chip does that, unless a frame would end later than without.
    """
    watchdog, data = max(step.earliest for step in steps) + watchdog_cycles, datapath or Datapath()

    def machine(datapath: Datapath) -> Machine:
        return Machine(env=simpy.Environment(), chip=chip, probe=Probe(), datapath=datapath, stream=stream)

    windows = Windows(chip)
    if not chip.dma.prefetch_across_calls:
        return _run_in_turn(steps, machine(data), windows, watchdog)
    if chip.host.has_other_load:  # what it will do is not known ahead
        return run_across_calls(steps, machine(data), windows, watchdog)
    ahead = run_across_calls(steps, machine(Datapath()), windows, watchdog)
    in_turn = _run_in_turn(steps, machine(Datapath()), windows, watchdog)
    runs, run = (ahead, run_across_calls) if _no_frame_is_later(ahead, in_turn) else (in_turn, _run_in_turn)
    return runs if datapath is None else run(steps, machine(datapath), windows, watchdog)


def _no_frame_is_later(runs: Sequence[StepRun], others: Sequence[StepRun]) -> bool:
    """Whether no frame of ``runs`` ends later than in ``others``, which are runs of the same steps."""
    ends, other_ends = ({run.step.frame: run.end for run in steps} for steps in (runs, others))
    return all(end <= other_ends[frame] for frame, end in ends.items())


def _run_in_turn(steps: Sequence[Step], machine: Machine, windows: Windows, watchdog_cycles: int) -> list[StepRun]:
    """Every event of ``steps``, each of which begins with a machine at rest and empty weight buffers."""
    env, probe, datapath, runs = machine.env, machine.probe, machine.datapath, list[StepRun]()

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

    run_until_done(env, env.process(utterance()), probe, watchdog_cycles, machine.chip)
    return runs
