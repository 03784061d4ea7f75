"""The command sequencer."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import simpy

from nnasim.ir.program import Command, HandoffCommand, HostCommand, ViewCommand
from nnasim.sim.probe import Probe

Execute = Callable[[Command], Generator[simpy.Event, Any, None]]


class Sequencer:
    """Issues a program's commands in order, each when the one before has ended.

    Timing law
        ``cycles_per_command`` for each command of the NNA; commands of the CPU, and views, cost it nothing.

    Ports
        ``run(commands, execute)``: ``execute`` hands a command to its block and ends with it.

    Not modelled
        fetching the command stream from memory
    """

    def __init__(self, env: simpy.Environment, probe: Probe, cycles_per_command: int) -> None:
        self.env, self.probe, self.cycles_per_command = env, probe, cycles_per_command

    def run(self, commands: Sequence[Command], execute: Execute) -> Generator[simpy.Event, Any, None]:
        """Execute ``commands``."""
        for command in commands:
            if self.cycles_per_command and not isinstance(command, HostCommand | HandoffCommand | ViewCommand):
                start = int(self.env.now)
                yield self.env.timeout(self.cycles_per_command)
                self.probe.busy("sequencer", 0, command.op, start, int(self.env.now))
            yield from execute(command)
