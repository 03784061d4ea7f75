"""The host CPU: float operations, and the crossings between CPU and NNA."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from nnasim.hardware.units import HostConfig
from nnasim.ir.program import HandoffCommand, HostCommand
from nnasim.ir.run import CPU_WEIGHTS, OTHER_WORK
from nnasim.sim.blocks.dram import Dram
from nnasim.sim.blocks.other_load import OtherLoad
from nnasim.sim.datapath import Datapath
from nnasim.sim.probe import Probe
from nnasim.units import seconds_to_cycles


class Host:
    """The CPU.

    Timing law
        A crossing takes ``handoff_us`` plus the parts that are given: driver, interrupt, and cache upkeep and copy for
        each byte handed over. A matmul of N multiply-accumulates takes the longer of its arithmetic,
        2 N / float_matmul_gflops (int8_matmul_gops where both operands have 8 bits or fewer), and the reading of its
        weights (nothing, if all weights on the CPU fit the cache). A convolution and a product of two computed operands
        reach ``conv_ratio`` and ``bmm_ratio`` of that rate. Weights pass the DRAM's bus, shared with the DMA, no faster
        than ``memory_bytes_per_second`` where the CPU has such a limit; the CPU's prefetcher hides the DRAM's latency.
        Any other operation takes elements x its ns_per_element. Times become core cycles, rounded up.

    Busy and stalled
        Busy while it computes, hands over, or reads at its own limit; what the DRAM takes beyond that is a stall.

    Ports
        ``run(command)``: execute one operation or one crossing.

    Not modelled
        frequency changes of the CPU
        conv: its shape on the CPU, so that a depthwise one runs at the rate of a dense one
        host: what its operator does; each costs its elements
    """

    def __init__(
        self, env: simpy.Environment, probe: Probe, dram: Dram, config: HostConfig, clock_hz: float,
        datapath: Datapath | None = None, load: OtherLoad | None = None,
    ) -> None:  # fmt: skip
        self.env, self.probe, self.dram, self.config, self.clock_hz = env, probe, dram, config, clock_hz
        self.datapath, self.load = datapath or Datapath(), load

    def cycles(self, command: HostCommand | HandoffCommand) -> int:
        """Core cycles of one command, the DRAM's part left out."""
        return seconds_to_cycles(self._seconds(command), self.clock_hz)

    def _seconds(self, command: HostCommand | HandoffCommand) -> float:
        if isinstance(command, HandoffCommand):
            return self.config.handoff_seconds(command.bytes)
        if command.macs:
            arithmetic = self.config.product_seconds(command.kind, command.macs, command.operand_bits)
            return max(arithmetic, self.config.read_seconds(command.dram_bytes))
        return command.elements * self.config.ns_per_element(command.kind) * 1e-9

    def run(self, command: HostCommand | HandoffCommand) -> Generator[simpy.Event, Any, None]:
        """Execute one command."""
        if self.load is None:
            yield from self._execute(command)
            return
        asked = int(self.env.now)
        with self.load.cpu.request() as turn:
            yield turn
            self.load.ours()
            self.probe.stall("host", 0, command.op, asked, int(self.env.now), OTHER_WORK)
            yield from self._execute(command)

    def _execute(self, command: HostCommand | HandoffCommand) -> Generator[simpy.Event, Any, None]:
        start = int(self.env.now)
        self.datapath.begin(command, None)
        own = start + self.cycles(command)
        if isinstance(command, HostCommand) and command.dram_bytes:
            yield from self.dram.read(Dram.CPU, command.op, command.dram_bytes, command.address)
        read = int(self.env.now)
        if own > read:
            yield self.env.timeout(own - read)
            if read > start:
                self.dram.held_back(Dram.CPU, command.op, read, "CPU's own pace")
        self.datapath.end(command)
        self.probe.busy("host", 0, command.op, start, own)
        self.probe.stall("host", 0, command.op, own, read, CPU_WEIGHTS)
