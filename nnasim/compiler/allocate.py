"""Addresses for tensors that live for part of an invocation: largest first, at the lowest free address.

The greedy order is that of TensorFlow Lite Micro's memory planner; the result is checked, not trusted.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

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
    # By step, so that only tensors that meet are looked at: a chunk of frames has thousands that never do.
    alive: dict[int, list[Allocation]] = defaultdict(list)
    born: dict[int, list[Allocation]] = defaultdict(list)
    for life in sorted(lives, key=lambda life: (-life.bytes, life.first, life.name)):
        later = (other for step in range(life.first + 1, life.last + 1) for other in born[step])
        chosen = Allocation(life, _lowest_gap([*alive[life.first], *later], life.bytes))
        placed.append(chosen)
        born[life.first].append(chosen)
        for step in range(life.first, life.last + 1):
            alive[step].append(chosen)
    check_allocations(placed)
    return tuple(placed)


def _lowest_gap(others: list[Allocation], bytes: int) -> int:
    """The lowest address at which ``bytes`` bytes meet none of ``others``."""
    address = 0
    for other in sorted(others, key=lambda other: other.address):
        if other.address >= address + bytes:
            break
        address = max(address, aligned(other.end))
    return address


def check_allocations(placed: list[Allocation]) -> None:
    """Raise ValueError, naming both, if two tensors share a byte at one time."""
    alive: list[Allocation] = []
    for allocation in sorted(placed, key=lambda allocation: allocation.life.first):
        alive = [other for other in alive if other.life.last >= allocation.life.first]
        for other in alive:
            if allocation.address < other.end and other.address < allocation.end:
                raise ValueError(
                    f"{allocation.life.name} and {other.life.name} overlap at {max(allocation.address, other.address)}"
                )
        alive.append(allocation)


def peak_bytes(placed: tuple[Allocation, ...]) -> int:
    """Size of the arena that the allocations need."""
    return max((aligned(allocation.end) for allocation in placed), default=0)
