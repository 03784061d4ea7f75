"""Off-chip memory."""

from __future__ import annotations

from collections.abc import Generator, Hashable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import simpy

from nnasim.hardware.drams.model import DramModel
from nnasim.sim.probe import Probe
from nnasim.units import ceil_div


@dataclass(slots=True, eq=False)
class _Read:
    """A read whose data are on the bus. ``left``: the part that is still to come, in bytes x cycles per that many
    bytes.
    """

    left: int | Fraction


class Dram:
    """Off-chip memory behind one data bus, which the DMA and the CPU share.

    Timing law
        That of the chip's ``DramModel``: when a first byte comes, for how long a read alone holds the bus, and in which
        cycles the bus moves data. Reads whose data are on the bus at the same time get equal parts of it, as if their
        bursts took turns, and one that ends leaves its part to the others. So the bus never rests of itself while a
        read is open, and no set of reads is faster than its bytes over the bandwidth.

    Busy and stalled
        Busy while data move. A reader that cannot take them at the bus's rate (the SRAM port, the DMA's bursts in
        flight) holds the bus back afterwards: a stall with that name, in which another reader has the whole bus.

    Ports
        ``first_byte(issued)``: the first cycle in which data of a request of that cycle can come.
        ``read(reader, op, bytes, address, issued)``: a process step that ends with the last byte, and gives the cycle
        in which it would have come without other readers. ``reader`` is ``DMA`` or ``CPU``, which foresees its reads
        and so names no cycle of issue.
        ``held_back(reader, op, since, reason)``: the reader was not done until now. ``state(now)``: see ``InStep``.

    Not modelled
        DRAM writes: nothing is spilled, results leave with the hand-off
    """

    DMA, CPU = 0, 1

    def __init__(self, env: simpy.Environment, probe: Probe, model: DramModel) -> None:
        self.env, self.probe, self.model = env, probe, model
        self._bytes, self._cycles = model.bytes_per_cycle.as_integer_ratio()  # so many bytes in so many cycles
        self.alone = False  # whether only one reader can come until the machine says otherwise
        self._open: list[_Read] = []
        self._settled = 0  # the cycle up to which ``left`` of the open reads is counted

    def first_byte(self, issued: int) -> int:
        """The first cycle in which data of a request of cycle ``issued`` can come."""
        return self.model.first_byte(issued)

    def read(
        self, reader: int, op: int, bytes: int, address: int = 0, issued: int | None = None
    ) -> Generator[simpy.Event, Any, int]:
        """Move ``bytes`` bytes for operation ``op`` over the bus, from now on; where they stand makes no difference."""
        start = self._settle()
        read = _Read(self.model.bus_bytes(bytes) * self._cycles)
        self._open.append(read)
        while read.left > 0:  # sleeps as if alone from now on, which is never too long: company only delays
            yield self.env.timeout(self.model.end(self._settled, ceil_div(read.left, self._bytes)) - self._settled)
            self._settle()
        self._open.remove(read)
        self.probe.busy("dram", reader, op, start, self._settled, bytes)
        return self.model.end(start, ceil_div(self.model.bus_bytes(bytes) * self._cycles, self._bytes))

    def held_back(self, reader: int, op: int, since: int, reason: str) -> None:
        """Record that the data of a read were on the bus until ``since``, and that its reader took them only now."""
        self.probe.stall("dram", reader, op, since, int(self.env.now), reason)

    def state(self, now: int) -> Hashable:
        """All that decides when the reads that are open end, in cycles from ``now``."""
        return (self._settled - now, *[read.left for read in self._open]) if self._open else ()

    def _settle(self) -> int:
        """Count what the open reads got of the bus since the last call; returns the cycle."""
        now, readers = int(self.env.now), len(self._open)
        moved = self.model.open_cycles(self._settled, now) * self._bytes if readers else 0
        if readers == 1:
            self._open[0].left -= moved
        elif readers:
            part = Fraction(moved, readers)
            for read in self._open:
                read.left -= part
        self._settled = now
        return now
