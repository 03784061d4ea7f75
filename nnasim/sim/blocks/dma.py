"""The DMA engine that fetches weights ahead of the MAC array."""

from __future__ import annotations

from collections import deque
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
        A channel takes the next transfer, waits for a free buffer, reads DRAM and writes SRAM at once: the transfer
        ends when the slower of the two has ended. Channels work at the same time, so the latency of one transfer hides
        behind the data of another. The rate that bursts in flight allow is part of the DRAM's rate
        (``NnaConfig.dram_bytes_per_cycle``).

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
        queue = deque(zip(transfers, arrived, strict=True))
        for channel in range(min(self.channels, len(queue))):
            self.env.process(self._channel(channel, queue))
        return arrived

    def _channel(self, channel: int, queue: deque[tuple[Transfer, simpy.Event]]) -> Generator[simpy.Event, Any, None]:
        while queue:
            transfer, arrived = queue.popleft()
            buffer = None
            if self.buffered:
                buffer = yield from self._free_buffer(channel, transfer)
            start = int(self.env.now)
            self.datapath.begin_transfer(transfer, buffer)
            yield from self.dram.read(transfer.op, transfer.bytes, self.sram.write)
            self.probe.busy("dma", channel, transfer.op, start, int(self.env.now), transfer.bytes)
            self.datapath.end_transfer(transfer, buffer)
            arrived.succeed(buffer)

    def _free_buffer(self, channel: int, transfer: Transfer) -> Generator[simpy.Event, Any, int]:
        start = int(self.env.now)
        self.probe.begin_wait("dma", channel, "a free weight buffer")
        buffer: int = yield self.sram.free_buffers.get()
        self.probe.end_wait("dma", channel)
        self.probe.stall("dma", channel, transfer.op, start, int(self.env.now), "no free weight buffer")
        return buffer
