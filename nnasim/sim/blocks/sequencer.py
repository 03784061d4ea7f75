"""The command sequencer."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from typing import Any

import simpy

from nnasim.hardware.units import SequencerConfig
from nnasim.ir.program import Command, ElementCommand, HandoffCommand, HostCommand, MatmulCommand, ViewCommand
from nnasim.sim.probe import Probe

Execute = Callable[[Command], Generator[simpy.Event, Any, None]]


class RegisterWrites:
    """What a host that drives the NNA by registers makes it wait for, in one run of a program.

    Timing law: before each product and each pass the host takes ``SequencerConfig.host_cycles``, one after another.
    With one group of registers it begins when the one before has ended. With two it has begun when the one before that
    had ended, in the group that was free then; what is left of it is waited for, and at least the write that starts it.
    A program begins with nothing written.
    """

    def __init__(self, config: SequencerConfig, now: int) -> None:
        self.config, self._start = config, math.ceil(config.register_write_cycles)
        self._host_free = self._group_free = now

    def cycles(self, command: Command, now: int) -> int:
        """Cycles that ``command``, whose turn has come ``now``, waits for the host."""
        if isinstance(command, MatmulCommand):
            if not command.first:
                return 0
        elif not isinstance(command, ElementCommand):
            return 0
        begun = now if self.config.register_groups == 1 else max(self._host_free, self._group_free)
        written = begun + self.config.host_cycles(product=isinstance(command, MatmulCommand))
        self._group_free, self._host_free = now, max(now + self._start, written)
        return self._host_free - now


class Sequencer:
    """Issues a program's commands in order, each when the one before has ended.

    Timing law
        ``cycles_per_command`` for each command of the NNA, and what ``RegisterWrites`` says; commands of the CPU, and
        views, cost it nothing.

    Ports
        ``run(commands, execute)``: ``execute`` hands a command to its block and ends with it.

    Not modelled
        fetching the command stream from memory
    """

    def __init__(self, env: simpy.Environment, probe: Probe, config: SequencerConfig) -> None:
        self.env, self.probe, self.config = env, probe, config

    def run(self, commands: Sequence[Command], execute: Execute) -> Generator[simpy.Event, Any, None]:
        """Execute ``commands``."""
        registers = RegisterWrites(self.config, int(self.env.now))
        for command in commands:
            cycles = self._issue_cycles(command, registers)
            if cycles:
                start = int(self.env.now)
                yield self.env.timeout(cycles)
                self.probe.busy("sequencer", 0, command.op, start, int(self.env.now))
            yield from execute(command)

    def _issue_cycles(self, command: Command, registers: RegisterWrites) -> int:
        if isinstance(command, HostCommand | HandoffCommand | ViewCommand):
            return 0
        return self.config.cycles_per_command + registers.cycles(command, int(self.env.now))
