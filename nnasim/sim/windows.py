"""The number of commands of a program in flight: the window, up to ``sequencer.in_flight``, with the earliest end.

Commands that overtake meet at what they share, the SRAM's port and the DRAM's bus, and there a wider window may hold
back just the command that others wait for (Graham's anomalies of list scheduling, SIAM J. Appl. Math. 17, 1969). The
cost of a call is known ahead, so the window is settled ahead too: more in flight never makes a call slower.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import simpy

from nnasim.hardware import NnaConfig
from nnasim.ir.program import Program
from nnasim.ir.run import WATCHDOG_CYCLES, ProgramRun
from nnasim.sim.machine import Machine, overdue, run_until_done
from nnasim.sim.probe import Probe
from nnasim.sim.replay import replay_is_exact


class Alone(NamedTuple):
    """A run from a machine at rest in a ``window``; ``full``: whether a command ever waited for room in it."""

    window: int
    run: ProgramRun
    full: bool


def windows_tried(in_flight: int) -> Iterator[int]:
    """1, 2, 3, 4, 6, 8, 12, 16 and so on, up to ``in_flight``."""
    yield 1
    for power in range(1, in_flight.bit_length()):
        yield from (window for window in (2**power, 3 * 2**power // 2) if window <= in_flight)


def fastest(
    program: Program, chip: NnaConfig, watchdog_cycles: int = WATCHDOG_CYCLES, *, every_event: bool = False
) -> Alone:
    """The run of ``program`` in the smallest of the windows in which it ends first; no other work loads the CPU.

    Tiles in step are advanced together where that is exact, unless ``every_event`` is asked for.
    """
    together = replay_is_exact(chip) and not every_event
    best: Alone | None = None
    for window in windows_tried(chip.sequencer.in_flight if program.ahead else 1):
        alone = _run_alone(program, chip, window, watchdog_cycles, together=together)
        if best is None or alone.run.cycles < best.run.cycles:
            best = alone
        if window > 1 and not alone.full:  # any larger window is the same
            break
    assert best is not None
    return best


def _run_alone(program: Program, chip: NnaConfig, window: int, watchdog_cycles: int, *, together: bool) -> Alone:
    env, probe = simpy.Environment(), Probe()
    done = env.process(Machine(env, chip, probe, stream=None, together=together).execute(program, window))
    run_until_done(env, done, probe, watchdog_cycles, chip)
    repeats = tuple(probe.repeats)
    cycles = int(env.now) + sum(repeat.times * repeat.cycles for repeat in repeats)
    if cycles > watchdog_cycles:
        raise overdue(watchdog_cycles, chip)
    return Alone(window, ProgramRun(program, cycles, tuple(probe.records), (), repeats), bool(done.value))


class Windows:
    """The window of every program that runs on one chip, found when it first runs."""

    def __init__(self, chip: NnaConfig) -> None:
        self._chip = chip
        # By identity, which keeping the program makes safe: hashing its commands takes long.
        self._known: dict[int, tuple[Program, int]] = {}

    def of(self, program: Program) -> int:
        """The window in which ``program`` alone ends first."""
        if program.ahead is None:
            return 1
        if id(program) not in self._known:
            self._known[id(program)] = (program, fastest(program, self._chip).window)
        return self._known[id(program)][1]
