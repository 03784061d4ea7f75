"""The DMA engine that fetches weights ahead of the MAC array."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, ClassVar

import simpy

from nnasim.ir.program import Transfer
from nnasim.sim.blocks.dram import Dram
from nnasim.sim.blocks.sram import Sram
from nnasim.sim.datapath import Datapath
from nnasim.sim.probe import Probe


class Dma:
    """Channels that fetch a program's transfers in order, each into a free weight buffer.

    Timing law
        A transfer is issued when its channel has ended the transfer before it and a buffer is free; transfer i takes
        channel i modulo ``channels``. It then reads DRAM and writes SRAM at once, and ends when the slower of the two
        has ended. So the latency of one channel's transfer hides behind another's data. The rate that bursts in flight
        allow is part of the DRAM's rate (``NnaConfig.dram_bytes_per_cycle``).

    Ports
        ``start(transfers)`` returns one event per transfer; its value is the buffer that holds the data.

    Not modelled
        Single bursts and their arbitration.
        Prefetch across invocations: every invocation begins with empty weight buffers.
    """

    not_modelled: ClassVar[tuple[str, ...]] = (
        "single DMA bursts and their arbitration",
        "prefetch across invocations: each begins with empty weight buffers",
    )

    def __init__(
        self, env: simpy.Environment, probe: Probe, dram: Dram, sram: Sram, channels: int,
        *, buffered: bool = True, datapath: Datapath | None = None,
    ) -> None:  # fmt: skip
        self.env, self.probe, self.dram, self.sram = env, probe, dram, sram
        self.channels, self.buffered = channels, buffered
        self.datapath = datapath or Datapath()

    def start(self, transfers: Sequence[Transfer]) -> list[simpy.Event]:
        """Begin to fetch ``transfers``; the events fire as they arrive."""
        arrived = [self.env.event() for _ in transfers]
        if transfers:
            self.env.process(self._run(transfers, arrived))
        return arrived

    def _run(self, transfers: Sequence[Transfer], arrived: Sequence[simpy.Event]) -> Generator[simpy.Event, Any, None]:
        """One process serves all channels: data arrive in order, so only the times of issue tell channels apart."""
        channel_free = [int(self.env.now)] * self.channels
        for index, transfer in enumerate(transfers):
            channel = index % self.channels
            buffer, freed = None, 0
            if self.buffered:
                buffer, freed = yield from self._free_buffer(channel)
            issued = max(channel_free[channel], freed)
            self.probe.stall("dma", channel, transfer.op, channel_free[channel], issued, "no free weight buffer")
            self.datapath.begin_transfer(transfer, buffer)
            ended = yield from self.dram.read(transfer.op, transfer.bytes, issued, self.sram.write)
            channel_free[channel] = ended
            self.probe.busy("dma", channel, transfer.op, issued, ended, transfer.bytes)
            self.datapath.end_transfer(transfer, buffer)
            arrived[index].succeed(buffer)

    def _free_buffer(self, channel: int) -> Generator[simpy.Event, Any, tuple[int, int]]:
        self.probe.begin_wait("dma", channel, "a free weight buffer")
        taken = yield from self.sram.take_buffer()
        self.probe.end_wait("dma", channel)
        return taken
