"""One machine that continues from call to call, for chips on which the same program may take another time later."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from nnasim.hardware import NnaConfig
from nnasim.ir.program import Program
from nnasim.ir.run import WATCHDOG_CYCLES, ProgramRun
from nnasim.sim.machine import Machine, run_until_done
from nnasim.sim.probe import Probe
from nnasim.sim.windows import Windows


class Continuous:
    """A machine that runs one program at a time, each at the cycle that the caller says."""

    def __init__(self, chip: NnaConfig) -> None:
        self.chip, self._env, self._probe = chip, simpy.Environment(), Probe()
        self._machine, self._windows = Machine(env=self._env, chip=chip, probe=self._probe), Windows(chip)

    def run(self, program: Program, start: int) -> ProgramRun:
        """Run ``program`` from cycle ``start`` on, which must not lie before the end of the program before."""
        done = self._env.process(self._from(program, start))
        run_until_done(self._env, done, self._probe, start + WATCHDOG_CYCLES, self.chip)
        run = ProgramRun(program, int(self._env.now) - start, tuple(self._probe.records))
        self._probe.records.clear()
        return run

    def _from(self, program: Program, start: int) -> Generator[simpy.Event, Any, None]:
        if start > self._env.now:
            yield self._env.timeout(start - int(self._env.now))
        self._probe.origin = start
        yield from self._machine.execute(program, self._windows.of(program))
