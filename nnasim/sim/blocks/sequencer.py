"""The command sequencer."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from typing import Any

import simpy

from nnasim.hardware.units import SequencerConfig
from nnasim.ir.program import (
    Ahead,
    Command,
    ElementCommand,
    HandoffCommand,
    HostCommand,
    MatmulCommand,
    Program,
    ViewCommand,
)
from nnasim.sim.in_step import InStep
from nnasim.sim.probe import Probe

Execute = Callable[[Command], Generator[simpy.Event, Any, None]]


class RegisterWrites:
    """The waits of the NNA for a host that writes its registers, in one run of a program.

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

    def leave_out(self, cycles: int) -> None:
        """Move the written registers this many cycles back."""
        self._group_free, self._host_free = self._group_free - cycles, self._host_free - cycles


class Sequencer:
    """Hands a program's commands to their blocks.

    Timing law
        With one command in flight each is issued when the one before has ended. With a window of n a command enters
        when all but the n - 1 before it have ended. It then waits at its block, which takes its commands in the order
        in which they entered, until its inputs are written and the values that it overwrites are read. Being issued, or
        entering, takes ``cycles_per_command`` and the waits of ``RegisterWrites``, one command at a time; commands of
        the CPU, and views, cost the sequencer nothing.

    Ports
        ``run(commands, execute, in_step)``, ``run_ahead(program, ahead, window, execute)``: ``execute`` hands a command
        to its block and ends with it; ``in_step`` says which tiles need no events of their own.

    Not modelled
        fetching the command stream from memory
    """

    def __init__(self, env: simpy.Environment, probe: Probe, config: SequencerConfig) -> None:
        self.env, self.probe, self.config = env, probe, config

    def run(
        self, commands: Sequence[Command], execute: Execute, in_step: InStep | None = None
    ) -> Generator[simpy.Event, Any, None]:
        """Execute ``commands`` one after another."""
        registers, place = RegisterWrites(self.config, int(self.env.now)), 0
        while place < len(commands):
            command = commands[place]
            cycles = self._issue_cycles(command, registers)
            if cycles:
                yield from self._issue(command, cycles)
            yield from execute(command)
            if in_step is not None:
                left_out = in_step.after(place)
                registers.leave_out(left_out.cycles)
                place += left_out.tiles
            place += 1

    def run_ahead(
        self, program: Program, ahead: Ahead, window: int, execute: Execute
    ) -> Generator[simpy.Event, Any, bool]:
        """Execute ``program`` with up to ``window`` commands in flight; returns whether the window was ever full."""
        board = _Board(self.env, self.probe, program, ahead)
        board.serve(execute)
        registers = RegisterWrites(self.config, int(self.env.now))
        full = False
        for position, place in enumerate(ahead.order):
            oldest = board.ended[ahead.order[position - window]] if position >= window else None
            if oldest is not None and not oldest.processed:
                full = True
                yield oldest
            cycles = self._issue_cycles(program.commands[place], registers)
            if cycles:
                yield from self._issue(program.commands[place], cycles)
            board.entered[place].succeed()
        for event in board.ended:
            if not event.processed:
                yield event
        return full

    def _issue(self, command: Command, cycles: int) -> Generator[simpy.Event, Any, None]:
        start = int(self.env.now)
        yield self.env.timeout(cycles)
        self.probe.busy("sequencer", 0, command.op, start, int(self.env.now))

    def _issue_cycles(self, command: Command, registers: RegisterWrites) -> int:
        if isinstance(command, HostCommand | HandoffCommand | ViewCommand):
            return 0
        return self.config.cycles_per_command + registers.cycles(command, int(self.env.now))


class _Board:
    """The commands of one run, by place: which have entered and which have ended."""

    def __init__(self, env: simpy.Environment, probe: Probe, program: Program, ahead: Ahead) -> None:
        self.env, self.probe, self.program, self.ahead = env, probe, program, ahead
        self.entered = [env.event() for _ in program.commands]
        self.ended = [env.event() for _ in program.commands]

    def serve(self, execute: Execute) -> None:
        """Start the blocks: each takes its commands in order, and a view, which no block performs, is a queue alone."""
        queues: dict[object, list[int]] = {}
        for place in self.ahead.order:
            command = self.program.commands[place]
            key = place if isinstance(command, ViewCommand) else self.program.ops[command.op].block
            queues.setdefault(key, []).append(place)
        for queue in queues.values():
            self.env.process(self._run(queue, execute))

    def _run(self, queue: Sequence[int], execute: Execute) -> Generator[simpy.Event, Any, None]:
        for place in queue:
            if not self.entered[place].processed:
                yield self.entered[place]
            if self.ahead.needs[place]:
                yield from self._operands(place)
            yield from execute(self.program.commands[place])
            self.ended[place].succeed()

    def _operands(self, place: int) -> Generator[simpy.Event, Any, None]:
        """Wait until the command's inputs are written, and readers of the values that it overwrites are done."""
        info = self.program.ops[self.program.commands[place].op]
        for need in self.ahead.needs[place]:
            if not self.ended[need].processed:
                self.probe.begin_wait(info.block, 0, f"the operands of {info.name}")
                yield self.ended[need]
                self.probe.end_wait(info.block, 0)
