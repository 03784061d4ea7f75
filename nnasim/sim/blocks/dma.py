"""The DMA engine that fetches weights ahead of the MAC array."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import simpy

from nnasim.ir.program import Transfer
from nnasim.ir.run import BUS, FEW_BURSTS, FIRST_BYTE, NO_BUFFER, SRAM_PORT
from nnasim.sim.blocks.dram import Dram
from nnasim.sim.blocks.sram import Sram
from nnasim.sim.datapath import Datapath
from nnasim.sim.probe import Probe
from nnasim.units import ceil_div


@dataclass(frozen=True, slots=True)
class Turn:
    """The place of a call's transfers among those of others, if they do not begin with the call.

    ``fetched``: the event after which they begin; ``begun``: the one before which no row is looked up; ``first_op``:
    added to the index of an operation in records, so that calls are told apart.
    """

    fetched: simpy.Event | None = None
    begun: simpy.Event | None = None
    first_op: int = 0


class Dma:
    """Channels that fetch a program's transfers in order, each into a free weight buffer.

    Timing law
        A transfer is issued when its channel has ended the transfer before it and a buffer is free; transfer i takes
        channel i modulo ``channels``. Its first byte comes the DRAM's latency after that, or when the data of the
        transfer before have ended. It then reads DRAM and writes SRAM at once, no faster than its bursts in flight
        allow, ``bytes_per_cycle``, and ends when the slowest of the three has. So the latency of one channel's transfer
        hides behind another's data.

    Busy and stalled
        Busy for as long as it takes to move the data at the slower of the DRAM's rate and its own. The rest is a stall:
        for a free weight buffer, the first byte, the CPU's reads on the bus, the SRAM port.

    Ports
        ``start(transfers)`` returns one event per transfer; its value is the buffer that holds the data. ``fetched``:
        the event of all of them and of those before, None if there are none. ``place``: of the transfer at hand in
        the order in which they are fetched; ``state(now)``, ``leave_out(transfers)``: see ``InStep``.

    Not modelled
        single DMA bursts
    """

    def __init__(
        self, env: simpy.Environment, probe: Probe, dram: Dram, sram: Sram, channels: int,
        *, bytes_per_cycle: Fraction | None = None, buffered: bool = True, datapath: Datapath | None = None,
        turn: Turn | None = None,
    ) -> None:  # fmt: skip
        self.env, self.probe, self.dram, self.sram = env, probe, dram, sram
        self.channels, self.buffered = channels, buffered
        # Its own rate: so many bytes in so many cycles; None: as fast as the memories.
        self._rate = bytes_per_cycle.as_integer_ratio() if bytes_per_cycle else None
        self.datapath, self.turn = datapath or Datapath(), turn or Turn()
        self.fetched = self.turn.fetched
        self.place = 0
        self._channel_free: list[int] = []
        self._times: list[int] = []  # of the transfer at hand, as far as they are known

    def start(self, transfers: Sequence[Transfer], order: Sequence[int] | None = None) -> list[simpy.Event]:
        """Begin to fetch ``transfers``, in the ``order`` of their places if there is another than theirs.

        The events, in the order of ``transfers``, fire as they arrive.
        """
        arrived = [self.env.event() for _ in transfers]
        if transfers:
            run = self._run(transfers, arrived, range(len(transfers)) if order is None else order)
            self.fetched = self.env.process(run if self.turn.fetched is None else self._behind(self.turn.fetched, run))
        return arrived

    def state(self, now: int) -> Hashable:
        """All that decides what the DMA does from cycle ``now`` on with transfers that are alike, in cycles from it."""
        free, times = [cycle - now for cycle in self._channel_free], [cycle - now for cycle in self._times]
        return self.place % self.channels, *free, *times

    def leave_out(self, transfers: int) -> None:
        """Skip ``transfers`` transfers: the one at hand stands for the one that many later, which is like it."""
        self.place += transfers

    def _behind(self, before: simpy.Event, run: Generator[simpy.Event, Any, None]) -> Generator[simpy.Event, Any, None]:
        if not before.processed:
            yield before
        yield from run

    def _run(
        self, transfers: Sequence[Transfer], arrived: Sequence[simpy.Event], order: Sequence[int]
    ) -> Generator[simpy.Event, Any, None]:
        """One process serves all channels: data arrive in order, so only the times of issue tell channels apart."""
        channel_free = self._channel_free = [int(self.env.now)] * self.channels
        while self.place < len(order):
            transfer = transfers[order[self.place]]
            if transfer.looked_up and self.turn.begun is not None and not self.turn.begun.processed:
                yield self.turn.begun
            channel = self.place % self.channels
            buffer, freed = None, 0
            if self.buffered:
                buffer, freed = yield from self._free_buffer(channel)
            issued = max(channel_free[channel], freed)
            op = self.turn.first_op + transfer.op
            self.probe.stall("dma", channel, op, channel_free[channel], issued, NO_BUFFER)
            self.datapath.begin_transfer(transfer, buffer)
            yield from self._move(channel, transfer, issued)
            channel_free[channel] = int(self.env.now)
            self.datapath.end_transfer(transfer, buffer)
            arrived[order[self.place]].succeed(buffer)
            self.place += 1

    def _move(self, channel: int, transfer: Transfer, issued: int) -> Generator[simpy.Event, Any, None]:
        op, bytes, now = self.turn.first_op + transfer.op, transfer.bytes, int(self.env.now)
        first = max(now, self.dram.first_byte(issued))
        self._times = [issued, first]
        if first > now:
            yield self.env.timeout(first - now)
        ahead = self.turn.begun is not None and not self.turn.begun.processed
        written = self.env.process(self.sram.write_behind(op, bytes)) if ahead else None
        served = first if written else self.sram.write(op, bytes)
        self._times.append(served)
        alone = yield from self.dram.read(Dram.DMA, op, bytes, transfer.address, issued)
        arrived = int(self.env.now)
        if written and not written.processed:
            yield written
            served = int(self.env.now)
        now = int(self.env.now)
        moved = max(alone, first + self._own_cycles(bytes))
        end = max(arrived, moved, served)
        self._times += [arrived, moved, end]
        self.probe.stall("dma", channel, op, issued, first, FIRST_BYTE)
        self.probe.busy("dma", channel, op, first, moved, bytes)
        if end > moved:
            self.probe.stall("dma", channel, op, moved, max(moved, arrived), BUS)
            self.probe.stall("dma", channel, op, max(moved, arrived), end, SRAM_PORT)
        if end > now:
            yield self.env.timeout(end - now)
        if end > arrived:
            self.dram.held_back(Dram.DMA, op, arrived, SRAM_PORT if served > moved else FEW_BURSTS)
        self._times = []

    def _own_cycles(self, bytes: int) -> int:
        """Cycles of a transfer that neither memory holds back."""
        return ceil_div(bytes * self._rate[1], self._rate[0]) if self._rate else 0

    def _free_buffer(self, channel: int) -> Generator[simpy.Event, Any, tuple[int, int]]:
        self.probe.begin_wait("dma", channel, "a free weight buffer")
        taken = yield from self.sram.take_buffer()
        self.probe.end_wait("dma", channel)
        return taken
