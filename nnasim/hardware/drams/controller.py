"""The controller of a banked DRAM: the reads of a chip, turn by turn, over all channels, beside other software."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import ceil
from typing import NamedTuple

from nnasim.hardware.drams.channel import Channel, Moved
from nnasim.hardware.drams.mapping import AddressMapping, Route
from nnasim.hardware.drams.timings import Timing

OTHER_SOFTWARE = "other software's reads and writes"
ELSEWHERE = 2**44  # where other software reads and writes: in rows that are not ours
MOST_ROUTES = 2**14  # routes that are remembered, each some hundred bytes a turn


class Turns(NamedTuple):
    """The times at which the last byte of each turn has arrived, and the waits with their reasons [ps].

    ``waits``: index of a turn -> its waits, in order. ``before``: bytes of the turns before each turn, and of all.
    """

    before: Sequence[int]
    ends: Sequence[int]
    waits: Mapping[int, Sequence[tuple[int, str]]]


class Controller:
    """The state that a DRAM with banks keeps between reads. One is made for each machine.

    Other software (``timing.others``) moves its bytes before each turn, reads first and then writes, at consecutive
    addresses of its own, so that it closes our rows and turns the bus around.
    """

    def __init__(self, timing: Timing) -> None:
        self.timing, self.mapping = timing, AddressMapping(timing)
        self.channels = [Channel(timing) for _ in range(timing.channels)]
        self._elsewhere = ELSEWHERE
        self._routes: dict[tuple[int, int], Route] = {}  # weights do not move, so every call has the same routes
        self._of_turns: dict[tuple[int, int], tuple[Route, ...]] = {}
        self._parts: dict[int, tuple[int, int]] = {}

    def turns(self, address: int, bytes: int) -> Sequence[tuple[int, int]]:
        """The (address, bytes) of the turns in which a read is served; other software may have turns between them."""
        return self._route(address, bytes).turns

    def serve(self, address: int, bytes: int, asked: int) -> Turns:
        """Serve the turns of a read, asked for at ``asked`` [ps], one after another; returns when they were served."""
        route = self._route(address, bytes)
        if self.timing.others:
            return self._beside_others(route, self._single_turns(address, bytes), asked)
        moved = self._move(route, asked, False)
        return Turns(route.before, moved.ends, {place: (wait,) for place, wait in moved.waits.items()})

    def _route(self, address: int, bytes: int) -> Route:
        route = self._routes.get((address, bytes))
        if route is None:
            if len(self._routes) >= MOST_ROUTES:
                self._routes.clear()
            route = self._routes[address, bytes] = self.mapping.route(address, bytes)
        return route

    def _single_turns(self, address: int, bytes: int) -> tuple[Route, ...]:
        """The route of each turn of a read by itself, remembered with the read's own."""
        turns = self._of_turns.get((address, bytes))
        if turns is None:
            if len(self._of_turns) >= MOST_ROUTES:
                self._of_turns.clear()
            singles = (self.mapping.route(*turn) for turn in self.turns(address, bytes))
            turns = self._of_turns[address, bytes] = tuple(singles)
        return turns

    def _beside_others(self, route: Route, turns: Sequence[Route], asked: int) -> Turns:
        ends, waits = list[int](), dict[int, Sequence[tuple[int, str]]]()
        for place, turn in enumerate(turns):
            free = self._bus_free()
            self._serve_others(turn.before[-1], asked)
            others = max(0, self._bus_free() - max(free, asked))
            moved = self._move(turn, asked, False)
            ends += moved.ends
            waits[place] = ((others, OTHER_SOFTWARE), *moved.waits.values())
        return Turns(route.before, list(accumulate(ends, max)), waits)

    def _serve_others(self, bytes: int, asked: int) -> None:
        """Serve the share of other software that belongs to ``bytes`` of ours."""
        size = self.timing.access_bytes
        for count, write in zip(self._accesses_of_others(bytes), (False, True), strict=True):
            if count:
                self._move(self.mapping.route(self._elsewhere, count * size), asked, write)
                self._elsewhere += count * size

    def _accesses_of_others(self, bytes: int) -> tuple[int, int]:
        """(reads, writes) beside ``bytes`` of ours, in accesses; remembered, since exact fractions are slow."""
        if bytes not in self._parts:
            accesses = ceil(bytes * self.timing.others / self.timing.access_bytes)
            writes = round(accesses * self.timing.write_share)
            self._parts[bytes] = accesses - writes, writes
        return self._parts[bytes]

    def _move(self, route: Route, asked: int, write: bool) -> Moved:
        """Move turns on every channel that has a part of them; returns the times of the channel that ends last."""
        moved = [
            channel.serve(stretches, asked, write)
            for channel, (_, stretches) in zip(self.channels, route.channels, strict=True)
        ]
        return moved[0] if len(moved) == 1 else _last_of_each(route, moved)

    def counts(self) -> dict[str, int]:
        """Rows found open, closed, and occupied by another one, and refreshes, of all channels."""
        return {
            name: sum(getattr(channel, name) for channel in self.channels)
            for name in ("hits", "misses", "conflicts", "refreshes")
        }

    def _bus_free(self) -> int:
        return max(channel.bus_free for channel in self.channels)


def _last_of_each(route: Route, moved: Sequence[Moved]) -> Moved:
    """For each turn, the times of the channel that ends last; of several, the first."""
    ends, waits = [0] * len(route.turns), dict[int, tuple[int, str] | None]()
    for (places, _), of_channel in zip(route.channels, moved, strict=True):
        for number, (place, end) in enumerate(zip(places, of_channel.ends, strict=True)):
            if end > ends[place]:
                ends[place], waits[place] = end, of_channel.waits.get(number)
    return Moved(list(accumulate(ends, max)), {place: wait for place, wait in sorted(waits.items()) if wait})
