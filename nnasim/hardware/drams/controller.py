"""The controller of a banked DRAM: reads of a chip, turn after turn, over all channels, beside other software."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import NamedTuple

from nnasim.hardware.drams.channel import Channel, Served
from nnasim.hardware.drams.mapping import AddressMapping
from nnasim.hardware.drams.timings import Timing

OTHER_SOFTWARE = "other software's reads and writes"
ELSEWHERE = 2**44  # where other software reads and writes: in rows that are not ours


class Turn(NamedTuple):
    """When the last byte of a turn is there [ps], and for how long the bus did not move its data, by reason [ps]."""

    end: int
    waits: tuple[tuple[str, int], ...]


class Controller:
    """What a DRAM with banks remembers between reads. One is made for each machine.

    Other software (``timing.others``) has its bytes before each turn, reads first and then writes, at consecutive
    addresses of its own, so that it closes our rows and turns the bus around.
    """

    def __init__(self, timing: Timing) -> None:
        self.timing, self.mapping = timing, AddressMapping(timing)
        self.channels = [Channel(timing) for _ in range(timing.channels)]
        self._elsewhere = ELSEWHERE

    def turns(self, address: int, bytes: int) -> Iterator[tuple[int, int]]:
        """(address, bytes) of the turns in which a read is served; between them others may have theirs."""
        return self.mapping.turns(address, bytes)

    def serve(self, address: int, bytes: int, asked: int) -> Turn:
        """Serve one turn, asked for at ``asked`` [ps]."""
        if not self.timing.others:
            end, waited, reason = self._move(address, bytes, asked, False)
            return Turn(end, ((reason, waited),) if waited else ())
        free = self._bus_free()
        self._serve_others(bytes, asked)
        others = max(0, self._bus_free() - max(free, asked))
        end, waited, reason = self._move(address, bytes, asked, False)
        return Turn(end, ((OTHER_SOFTWARE, others), (reason, waited)))

    def counts(self) -> dict[str, int]:
        """Rows found open, closed, and occupied by another one, and refreshes, of all channels."""
        return {
            name: sum(getattr(channel, name) for channel in self.channels)
            for name in ("hits", "misses", "conflicts", "refreshes")
        }

    def _serve_others(self, bytes: int, asked: int) -> None:
        """The part of other software that falls to ``bytes`` of ours, rounded up to accesses."""
        size = self.timing.access_bytes
        accesses = ceil(bytes * self.timing.others / size)
        writes = round(accesses * self.timing.write_share)
        for count, write in ((accesses - writes, False), (writes, True)):
            for address, part in self.mapping.turns(self._elsewhere, count * size):
                self._move(address, part, asked, write)
            self._elsewhere += count * size

    def _move(self, address: int, bytes: int, asked: int, write: bool) -> Served:
        """Move a turn on every channel that has a part of it; what is said of the one that ends last."""
        last = Served(0, 0, "")
        for number, channel in enumerate(self.channels):
            stretch = self.mapping.stretch(number, address, bytes)
            if stretch is not None:
                served = channel.serve(stretch, asked, write)
                last = served if served.end > last.end else last
        return last

    def _bus_free(self) -> int:
        return max(channel.bus_free for channel in self.channels)
