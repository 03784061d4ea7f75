"""The common part of MAC array and activation unit: waiting for a transfer, then working at the pace of law and SRAM
port.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import simpy

from nnasim.ir.program import Block, ElementCommand, MatmulCommand
from nnasim.ir.run import LATE_WEIGHTS, SRAM_PORT
from nnasim.sim.blocks.sram import Sram
from nnasim.sim.datapath import Datapath
from nnasim.sim.probe import Probe


class ComputeBlock:
    """A block of the NNA that executes one command at a time.

    A command whose weights stream waits for their transfer, takes as long as the slower of its own law and its bytes at
    the SRAM's port, and then gives the weight buffer back. Busy as long as its own law says; waiting for the transfer,
    and for the port beyond that, are stalls.
    """

    block: Block

    def __init__(self, env: simpy.Environment, probe: Probe, sram: Sram, datapath: Datapath) -> None:
        self.env, self.probe, self.sram, self.datapath = env, probe, sram, datapath

    def occupy(
        self, command: MatmulCommand | ElementCommand, cycles: int, arrived: Sequence[simpy.Event]
    ) -> Generator[simpy.Event, Any, None]:
        """Execute ``command``, which takes ``cycles`` cycles by the block's own law."""
        buffer: int | None = None
        asked = start = int(self.env.now)
        if command.transfer is not None:
            self.probe.begin_wait(self.block, 0, "weights from the DMA")
            buffer = yield arrived[command.transfer]
            self.probe.end_wait(self.block, 0)
            start = int(self.env.now)
            self.probe.stall(self.block, 0, command.op, asked, start, LATE_WEIGHTS)
        self.datapath.begin(command, buffer)
        served = self.sram.access(Sram.COMPUTE, command.op, command.sram_bytes) if command.sram_bytes else start
        end = max(start + cycles, served)
        if end > start:
            yield self.env.timeout(end - start)
        self.datapath.end(command)
        self.probe.busy(self.block, 0, command.op, start, start + cycles)
        if end > start + cycles:
            self.probe.stall(self.block, 0, command.op, start + cycles, end, SRAM_PORT)
        if buffer is not None:
            self.sram.give_back(buffer)
