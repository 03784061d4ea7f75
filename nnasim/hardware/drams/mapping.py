"""The mapping of an address to channel, banks and row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from nnasim.hardware.drams.timings import Timing


class Stretch(NamedTuple):
    """Consecutive accesses of one channel to rows that are open together.

    ``banks``: the banks that are read, in the order of their first access; with rotating groups, one of each group that
    is reached. ``row``: the row of all of them. ``accesses``: bursts of the device.
    """

    banks: tuple[int, ...]
    row: int
    accesses: int


class ChannelRoute(NamedTuple):
    """The part of a range that belongs to a channel: the turns that it has a part in, by index, and those parts."""

    places: tuple[int, ...]
    stretches: tuple[Stretch, ...]


class Route(NamedTuple):
    """The way of a range through the DRAM.

    ``turns``: (address, bytes), see ``AddressMapping.turns``; ``channels``: the work of each of them.

    ``before``: bytes of the turns before each of them, and after the last those of all.
    """

    turns: tuple[tuple[int, int], ...]
    before: tuple[int, ...]
    channels: tuple[ChannelRoute, ...]


class AddressMapping:
    """row : bank : column : channel, from the highest bits of an address to the lowest; groups rotate below the column.

    ``bank_bytes`` above the bytes of open rows puts bits of the row below the bank: rows of one bank follow each other.
    """

    def __init__(self, timing: Timing) -> None:
        self.channels, self.channel_bytes = timing.channels, timing.channel_bytes
        self.open_bytes, self.access_bytes, self.rotated = timing.open_bytes, timing.access_bytes, timing.rotated
        self.sets = timing.banks // timing.rotated  # of banks, one of each group, whose rows are open together
        self.rows_of_bank = timing.bank_bytes // timing.open_bytes

    def turns(self, address: int, bytes: int) -> Iterator[tuple[int, int]]:
        """(address, bytes) of the parts of a range within which every channel stays in rows that are open together."""
        stripe, end = self.open_bytes * self.channels, address + bytes
        while address < end:
            border = min(end, (address // stripe + 1) * stripe)
            yield address, border - address
            address = border

    def route(self, address: int, bytes: int) -> Route:
        """The turns of a range, and the part of each channel."""
        turns = tuple(self.turns(address, bytes))
        channels = []
        for channel in range(self.channels):
            parts = [(place, self.stretch(channel, *turn)) for place, turn in enumerate(turns)]
            own = [(place, stretch) for place, stretch in parts if stretch is not None]
            channels.append(ChannelRoute(tuple(place for place, _ in own), tuple(stretch for _, stretch in own)))
        return Route(turns, tuple(accumulate((part for _, part in turns), initial=0)), tuple(channels))

    def stretch(self, channel: int, address: int, bytes: int) -> Stretch | None:
        """The part of a turn that belongs to ``channel``; None if there is none."""
        start, end = address, address + bytes
        if self.channels > 1:
            start, end = self._below(channel, start), self._below(channel, end)
        if start == end:
            return None
        first, last = start // self.access_bytes, (end - 1) // self.access_bytes
        accesses = last - first + 1
        bank, row = self._place(start // self.open_bytes)
        if self.rotated == 1:
            return Stretch((bank,), row, accesses)
        reached = min(self.rotated, accesses)
        groups = ((first + step) % self.rotated for step in range(reached))
        return Stretch(tuple(group * self.sets + bank for group in groups), row, accesses)

    def _below(self, channel: int, address: int) -> int:
        """The bytes below ``address`` that belong to the channel: its own address of the next byte."""
        rounds, rest = divmod(address, self.channel_bytes * self.channels)
        own = min(max(rest - channel * self.channel_bytes, 0), self.channel_bytes)
        return rounds * self.channel_bytes + own

    def _place(self, block: int) -> tuple[int, int]:
        """(bank within a group, row) of a channel's ``block``-th block of open rows."""
        turn, inner = divmod(block, self.rows_of_bank)
        again, bank = divmod(turn, self.sets)
        return bank, again * self.rows_of_bank + inner
