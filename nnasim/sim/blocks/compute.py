"""What MAC array and activation unit share: waiting for a transfer, then working at the pace of law and SRAM port."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from nnasim.ir.program import Block
from nnasim.sim.blocks.sram import Sram
from nnasim.sim.probe import Probe


class ComputeBlock:
    """A block of the NNA that executes one command at a time.

    A command whose weights stream waits for their transfer (a stall), takes as long as the slower of its own law and
    its bytes at the SRAM's port, and then gives the weight buffer back.
    """

    block: Block

    def __init__(self, env: simpy.Environment, probe: Probe, sram: Sram) -> None:
        self.env, self.probe, self.sram = env, probe, sram

    def occupy(
        self, op: int, cycles: int, sram_bytes: int, arrived: simpy.Event | None
    ) -> Generator[simpy.Event, Any, None]:
        """Execute one command of ``cycles`` cycles for operation ``op``."""
        if arrived is not None:
            yield from self._wait(op, arrived)
        start = int(self.env.now)
        served = self.sram.access(Sram.COMPUTE, op, sram_bytes) if sram_bytes else start
        if duration := max(cycles, served - start):
            yield self.env.timeout(duration)
        self.probe.busy(self.block, 0, op, start, int(self.env.now))
        if arrived is not None and arrived.value is not None:
            yield self.sram.free_buffers.put(arrived.value)

    def _wait(self, op: int, arrived: simpy.Event) -> Generator[simpy.Event, Any, None]:
        start = int(self.env.now)
        self.probe.begin_wait(self.block, 0, "weights from the DMA")
        yield arrived
        self.probe.end_wait(self.block, 0)
        self.probe.stall(self.block, 0, op, start, int(self.env.now), "weights not there yet")
