"""Addresses for tensors that live for part of a call: largest first, at the lowest free address.

The greedy order is that of TensorFlow Lite Micro's memory planner; the result is checked, not trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from nnasim.units import ceil_div

ALIGNMENT_BYTES = 16


def aligned(bytes: int) -> int:
    """``bytes`` rounded up to where the next tensor may begin."""
    return ceil_div(bytes, ALIGNMENT_BYTES) * ALIGNMENT_BYTES


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A tensor's size and the first and last step (inclusive) at which it is alive."""

    name: str
    bytes: int
    first: int
    last: int

    def overlaps(self, other: Lifetime) -> bool:
        """Whether both are alive at some step."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class Allocation:
    """A lifetime with its address in bytes."""

    life: Lifetime
    address: int

    @property
    def end(self) -> int:
        """First byte behind the tensor."""
        return self.address + self.life.bytes


def allocate(lives: list[Lifetime]) -> tuple[Allocation, ...]:
    """Addresses such that no two tensors that live at one time overlap."""
    placed: list[Allocation] = []
    by_address = _Table(len(lives))
    for life in sorted(lives, key=lambda life: (-life.bytes, life.first, life.name)):
        chosen = Allocation(life, _lowest_gap(by_address.meeting(life), life.bytes))
        by_address.add(chosen)
        placed.append(chosen)
    check_allocations(placed)
    return tuple(placed)


class _Table:
    """Allocations as columns in the order of their addresses: thousands of them are looked through for each tensor."""

    FIRST, LAST, ADDRESS, END = range(4)

    def __init__(self, capacity: int) -> None:
        self._cells = np.zeros((4, capacity), np.int64)
        self._count = 0

    @property
    def _rows(self) -> NDArray[np.int64]:
        return self._cells[:, : self._count]

    def add(self, allocation: Allocation) -> None:
        """Put ``allocation`` where its address stands."""
        place = int(np.searchsorted(self._rows[self.ADDRESS], allocation.address))
        self._cells[:, place + 1 : self._count + 1] = self._cells[:, place : self._count].copy()
        self._cells[:, place] = allocation.life.first, allocation.life.last, allocation.address, allocation.end
        self._count += 1

    def meeting(self, life: Lifetime) -> NDArray[np.int64]:
        """(address, end) of each that lives at some step of ``life``, int64 (2, n)."""
        rows = self._rows
        meeting = (rows[self.FIRST] <= life.last) & (rows[self.LAST] >= life.first)
        return rows[self.ADDRESS :, meeting]


def _lowest_gap(others: NDArray[np.int64], bytes: int) -> int:
    """The lowest address at which ``bytes`` bytes meet none of ``others``, (address, end) in order, int64 (2, n)."""
    address, end = others
    free = np.maximum.accumulate(np.append(0, -(-end // ALIGNMENT_BYTES) * ALIGNMENT_BYTES))  # behind all before
    fits = address >= free[:-1] + bytes
    return int(free[np.argmax(fits)]) if fits.any() else int(free[-1])


def check_allocations(placed: list[Allocation]) -> None:
    """Raise ValueError, naming both, if two tensors share a byte at one time."""
    by_address = _Table(len(placed))
    for allocation in placed:
        meeting = by_address.meeting(allocation.life)
        shared = (meeting[0] < allocation.end) & (meeting[1] > allocation.address)
        if shared.any():
            byte = max(allocation.address, int(meeting[0][np.argmax(shared)]))
            _refuse_sharing(placed, allocation, byte)
        by_address.add(allocation)


def _refuse_sharing(placed: list[Allocation], allocation: Allocation, byte: int) -> NoReturn:
    other = next(
        other
        for other in placed
        if other is not allocation and other.address <= byte < other.end and other.life.overlaps(allocation.life)
    )
    raise ValueError(f"{allocation.life.name} and {other.life.name} overlap at {byte}")


def peak_bytes(placed: tuple[Allocation, ...]) -> int:
    """Size of the arena that the allocations need."""
    return max((aligned(allocation.end) for allocation in placed), default=0)
