"""The machine: blocks wired together, running one program at a time."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import simpy

from nnasim.errors import SimulationError
from nnasim.hardware import NnaConfig
from nnasim.hardware.plausible import implausible
from nnasim.ir.program import (
    Ahead,
    Command,
    ElementCommand,
    FusedCommand,
    HandoffCommand,
    HostCommand,
    MatmulCommand,
    Program,
    ViewCommand,
)
from nnasim.sim.blocks.activation_unit import ActivationUnit
from nnasim.sim.blocks.banked_dram import dram_of
from nnasim.sim.blocks.dma import Dma, Turn
from nnasim.sim.blocks.host import Host
from nnasim.sim.blocks.mac_unit import MacUnit
from nnasim.sim.blocks.other_load import OtherLoad
from nnasim.sim.blocks.sequencer import Sequencer
from nnasim.sim.blocks.sram import Sram
from nnasim.sim.datapath import Datapath
from nnasim.sim.in_step import InStep
from nnasim.sim.probe import Probe


class Machine:
    """One chip with its host, in one SimPy environment. Blocks are made in a fixed order: a run repeats itself.

    ``stream``: which of many independent streams of other load on the CPU (one per utterance); None: no other load.
    ``together``: whether tiles that are in step are advanced together, without events of their own (``InStep``); the
    clock then shows the time without them.
    """

    def __init__(
        self,
        env: simpy.Environment,
        chip: NnaConfig,
        probe: Probe,
        datapath: Datapath | None = None,
        stream: int | None = 0,
        *,
        together: bool = False,
    ) -> None:
        self.together = together
        self.env, self.chip, self.probe, self.datapath = env, chip, probe, datapath or Datapath()
        self.dram = dram_of(env, probe, chip.dram_model)
        loaded = stream is not None and chip.host.has_other_load
        load = OtherLoad(env, chip.host, chip.clock_hz, stream or 0) if loaded else None
        self.host = Host(
            env=env,
            probe=probe,
            dram=self.dram,
            config=chip.host,
            clock_hz=chip.clock_hz,
            datapath=self.datapath,
            load=load,
        )
        self.sequencer = Sequencer(env, probe, chip.sequencer)
        self.law = chip.mac_array_law

    def execute(
        self, program: Program, window: int = 1, fetch: Fetch | None = None
    ) -> Generator[simpy.Event, Any, bool]:
        """Run ``program``; ends when its last command and its last transfer have ended.

        ``window``: commands in flight; ``fetch``: of the program's weights, if that has begun. Returns whether a
        command had to wait for room in the window.
        """
        check_blocks(program, self.chip)
        self.dram.alone = fetch is None and has_one_reader(program)
        fetch = fetch or self.fetch(program, window)
        fetch.begun.succeed()
        dispatch = self._dispatcher(fetch.dma.sram, fetch.arrived)
        full = False
        if window == 1 or program.ahead is None:
            yield from self.sequencer.run(program.commands, dispatch, self._in_step(program, fetch))
        else:
            full = yield from self.sequencer.run_ahead(program, program.ahead, window, dispatch)
        for event in fetch.arrived:
            if not event.processed:
                yield event
        return full

    def fetch(self, program: Program, window: int, before: Fetch | None = None, first_op: int = 0) -> Fetch:
        """Begin to fetch the weights of ``program``, or as soon as those of the call ``before`` have been.

        ``first_op``: see ``Turn``.
        """
        begun = self.env.event()
        rate = Fraction(self.chip.sram.bytes_per_cycle).limit_denominator(10**6)
        ports, buffers = self.chip.sram.ports, program.weight_buffers
        sram = before.dma.sram if before else Sram(self.env, self.probe, rate, ports, buffers)
        # While booting, transfers fill resident SRAM and need no weight buffer.
        dma = Dma(
            env=self.env,
            probe=self.probe,
            dram=self.dram,
            sram=sram,
            channels=self.chip.dma.channels,
            bytes_per_cycle=self.chip.dma_bytes_per_cycle,
            buffered=program.graph != "boot",
            datapath=self.datapath,
            turn=Turn(before.dma.fetched if before else None, begun, first_op),
        )
        order = fetched_in_order(program, program.ahead) if program.ahead and window > 1 else None
        return Fetch(dma, dma.start(program.transfers, order), begun)

    def _in_step(self, program: Program, fetch: Fetch) -> InStep | None:
        if not self.together or not program.commands:
            return None
        return InStep(
            env=self.env, probe=self.probe, program=program, dma=fetch.dma, dram=self.dram, sram=fetch.dma.sram,
            arrived=fetch.arrived,
        )  # fmt: skip

    def _dispatcher(self, sram: Sram, arrived: Sequence[simpy.Event]) -> Any:
        unit_config = self.chip.activation_unit
        mac_unit = MacUnit(
            env=self.env,
            probe=self.probe,
            sram=sram,
            datapath=self.datapath,
            law=self.law,
            activation=unit_config,
        )
        activation = unit_config and ActivationUnit(self.env, self.probe, sram, self.datapath, unit_config)

        def execute(command: Command) -> Generator[simpy.Event, Any, None]:
            if isinstance(command, MatmulCommand):
                return mac_unit.run(command, arrived)
            if isinstance(command, ElementCommand) and activation:
                return activation.run(command, arrived)
            if isinstance(command, HostCommand | HandoffCommand):
                return self.host.run(command)
            return self._fused(command)

        return execute

    def _fused(self, command: Command) -> Generator[simpy.Event, Any, None]:
        """Do nothing: the block before performs it on the way out in no time of its own, and a view takes none
        at all.
        """
        self.datapath.begin(command, None)
        self.datapath.end(command)
        yield from ()


@dataclass(frozen=True, slots=True)
class Fetch:
    """The fetching of a program's weights: by which DMA, and the events of each arrival. ``begun``: of its begin."""

    dma: Dma
    arrived: list[simpy.Event]
    begun: simpy.Event


def fetched_in_order(program: Program, ahead: Ahead) -> list[int]:
    """The transfers of ``program`` in the order in which their commands enter the window."""
    commands = (program.commands[place] for place in ahead.order)
    return [c.transfer for c in commands if isinstance(c, MatmulCommand | ElementCommand) and c.transfer is not None]


def has_one_reader(program: Program) -> bool:
    """Whether only one of DMA and CPU reads the DRAM in ``program``."""
    return not program.transfers or not any(isinstance(c, HostCommand) and c.dram_bytes for c in program.commands)


def check_blocks(program: Program, chip: NnaConfig) -> None:
    """Raise SimulationError for a command that the chip has no block for, or that waits for a missing transfer."""
    for first, _ in program.stretches:
        command = program.commands[first]
        if isinstance(command, FusedCommand | ViewCommand | HostCommand | HandoffCommand):
            continue
        name = program.ops[command.op].name
        if isinstance(command, ElementCommand) and chip.activation_unit is None:
            raise SimulationError(f"{program.graph}, {name}: {chip.name} has no activation unit for {command.kind}")
        if command.transfer is not None and not 0 <= command.transfer < len(program.transfers):
            raise SimulationError(
                f"{program.graph}, {name}: waits for transfer {command.transfer}, of {len(program.transfers)}"
            )


def run_until_done(
    env: simpy.Environment, done: simpy.Event, probe: Probe, watchdog_cycles: int, chip: NnaConfig
) -> None:
    """Run until ``done``. Raises SimulationError for a deadlock (who waits for what) and for the watchdog."""

    def bark(_: simpy.Event) -> None:
        if env.peek() == math.inf:
            raise SimulationError(f"deadlock: {probe.who_waits() or 'nothing is left to happen'}")
        raise overdue(watchdog_cycles, chip)

    # The watchdog is an event like any other, and nothing is tested between events: this loop is the whole run.
    watchdog = env.timeout(watchdog_cycles + 1 - int(env.now))
    assert watchdog.callbacks is not None
    watchdog.callbacks.append(bark)
    env.run(until=done)


def overdue(watchdog_cycles: int, chip: NnaConfig) -> SimulationError:
    """The error for a run that takes longer than the watchdog waits."""
    doubts = "".join(f"{line} " for line in implausible(chip))
    return SimulationError(f"{doubts}watchdog: not done after {watchdog_cycles} cycles at {chip.clock_hz:g} Hz")
