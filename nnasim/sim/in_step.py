"""Tiles that are in step: of a product's tiles in a steady state one period is run by events, the others are counted.

Why that is exact. Between two commands that run one after another, all that decides the future is what the blocks have
in hand: how far the DMA is ahead, its channels and the times of its transfer, the reads on the DRAM's bus, how long the
SRAM's ports are taken, and which buffers are free since when. Times enter the blocks' laws as differences, or by the
larger of two, never by themselves (``replay_is_exact``: the DRAM's model says so). So take a machine that has the same
in hand as some tiles ago, all times counted from now, and is asked for the same tiles and transfers. It does the same
again, later by the cycles in between, and is where it was: by induction for as long as the tiles last. All of it are
whole cycles (and exact fractions of bytes), so that nothing is rounded and equal means equal.

What a tile needs that has begun before the period did, records among it, reaches back one transfer for each channel at
most. So many tiles, and one more, are left to events.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import simpy

from nnasim.ir.program import MatmulCommand, Program
from nnasim.ir.run import Repeat
from nnasim.sim.blocks.dma import Dma
from nnasim.sim.blocks.dram import Dram
from nnasim.sim.blocks.sram import Sram
from nnasim.sim.probe import Probe


class LeftOut(NamedTuple):
    """A number of tiles, and the cycles that they take."""

    tiles: int
    cycles: int


NONE = LeftOut(0, 0)


class _Moment(NamedTuple):
    """The end of a tile: its index, and how much was recorded by then."""

    place: int
    cycle: int
    records: int


class InStep:
    """The number of tiles that are left out behind one that has ended, which the blocks are spared.

    For one run of ``program`` by commands one after another, whose weights ``dma`` fetches, and which nothing else
    shares its blocks with.
    """

    def __init__(
        self, env: simpy.Environment, probe: Probe, program: Program, dma: Dma, dram: Dram, sram: Sram,
        arrived: list[simpy.Event],
    ) -> None:  # fmt: skip
        self.env, self.probe, self.program = env, probe, program
        self.dma, self.dram, self.sram, self.arrived = dma, dram, sram, arrived
        self._stretches = iter(program.stretches)
        self._stretch = next(self._stretches)
        self._seen: dict[Hashable, _Moment] = {}

    def after(self, place: int) -> LeftOut:
        """The tiles left out after the command at ``place``, which ends now."""
        while place >= self._stretch.first + self._stretch.tiles:
            self._stretch = next(self._stretches)
            self._seen.clear()
        tile = self.program.commands[place]
        if self._stretch.tiles == 1 or not isinstance(tile, MatmulCommand) or tile.transfer is None:
            return NONE
        end = tile.transfer + self._stretch.first + self._stretch.tiles - place  # the first transfer of others
        room = end - self.dma.place - self.dma.channels - 1
        return self._repeat(place, tile.transfer, room) if room > 0 else NONE

    def _repeat(self, place: int, transfer: int, room: int) -> LeftOut:
        """Leave out all the periods that ``room`` transfers have room for, if this one has been seen before."""
        now, records = int(self.env.now), len(self.probe.records)
        state = self._state(transfer, now)
        seen = self._seen.setdefault(state, _Moment(place, now, records))
        times = room // (place - seen.place) if place > seen.place else 0
        if not times:
            return NONE
        period = LeftOut(place - seen.place, now - seen.cycle)
        self.probe.repeats.append(Repeat(seen.records, records, seen.cycle - self.probe.origin, period.cycles, times))
        self._seen.clear()
        self._leave_out(transfer, times * period.tiles)
        return LeftOut(times * period.tiles, times * period.cycles)

    def _state(self, transfer: int, now: int) -> Hashable:
        there = [event.processed for event in self.arrived[transfer + 1 : self.dma.place]]
        return *there, None, self.dma.state(now), self.dram.state(now), self.sram.state(now)

    def _leave_out(self, transfer: int, tiles: int) -> None:
        """Advance by ``tiles`` tiles the transfers that are fetched, or being fetched, for the next ones."""
        ahead = self.arrived[transfer + 1 : self.dma.place + 1]
        gone = [self.arrived[transfer]] * tiles
        self.arrived[transfer + 1 : self.dma.place + 1 + tiles] = [*gone, *ahead]
        self.dma.leave_out(tiles)
