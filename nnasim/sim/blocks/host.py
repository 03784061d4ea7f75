"""The host CPU: float operations, and the crossings between CPU and NNA."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, ClassVar

import simpy

from nnasim.hardware.units import HostConfig
from nnasim.ir.program import HandoffCommand, HostCommand
from nnasim.sim.blocks.other_load import OtherLoad
from nnasim.sim.datapath import Datapath
from nnasim.sim.probe import Probe
from nnasim.units import seconds_to_cycles


class Host:
    """The CPU.

    Timing law
        A crossing takes ``handoff_us`` plus the parts that are given: driver, interrupt, and cache upkeep and copy for
        each byte handed over. A matmul of N multiply-accumulates takes the longer of its arithmetic,
        2 N / float_matmul_gflops (int8_matmul_gops where both operands have 8 bits or fewer), and its weights' bytes /
        memory_bytes_per_second (nothing, if all weights on the CPU fit the cache); any other operation takes elements x
        its ns_per_element. Times become core cycles, rounded up.

    Ports
        ``run(command)``: execute one operation or one crossing.

    Not modelled
        Frequency changes of the CPU.
        Contention of the CPU's reads with the DMA's, beyond the share of ``dram.cpu_share``.
    """

    not_modelled: ClassVar[tuple[str, ...]] = (
        "frequency changes of the CPU",
        "contention of the CPU's reads with the DMA's, beyond the share of dram.cpu_share",
    )

    def __init__(
        self, env: simpy.Environment, probe: Probe, config: HostConfig, clock_hz: float,
        datapath: Datapath | None = None, load: OtherLoad | None = None,
    ) -> None:  # fmt: skip
        self.env, self.probe, self.config, self.clock_hz = env, probe, config, clock_hz
        self.datapath, self.load = datapath or Datapath(), load

    def cycles(self, command: HostCommand | HandoffCommand) -> int:
        """Core cycles of one command."""
        return seconds_to_cycles(self._seconds(command), self.clock_hz)

    def _seconds(self, command: HostCommand | HandoffCommand) -> float:
        if isinstance(command, HandoffCommand):
            return self.config.handoff_seconds(command.bytes)
        if command.kind == "matmul":
            arithmetic = self.config.matmul_seconds(command.macs, command.operand_bits)
            return max(arithmetic, command.dram_bytes / self.config.memory_bytes_per_second)
        return command.elements * self.config.ns_per_element(command.kind) * 1e-9

    def run(self, command: HostCommand | HandoffCommand) -> Generator[simpy.Event, Any, None]:
        """Execute one command."""
        if self.load is None:
            yield from self._execute(command)
            return
        asked = int(self.env.now)
        with self.load.cpu.request() as turn:
            yield turn
            self.probe.stall("host", 0, command.op, asked, int(self.env.now), "other work on the CPU")
            yield from self._execute(command)

    def _execute(self, command: HostCommand | HandoffCommand) -> Generator[simpy.Event, Any, None]:
        start = int(self.env.now)
        self.datapath.begin(command, None)
        if duration := self.cycles(command):
            yield self.env.timeout(duration)
        self.datapath.end(command)
        moved = command.dram_bytes if isinstance(command, HostCommand) else 0
        self.probe.busy("host", 0, command.op, start, int(self.env.now), moved)
