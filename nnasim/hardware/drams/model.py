"""The interface of every DRAM model: when the bytes of a read arrive, and whether that depends on the cycle."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import ClassVar, Protocol, Self

from nnasim.hardware.kinds import MODELS
from nnasim.hardware.memory import DramConfig
from nnasim.records import Record


class DramModel(Protocol):
    """The timing law of an off-chip memory behind one data bus. Sharing the bus among readers is left to the simulated
    block.

    ``bytes_per_cycle``: the most that the bus delivers, to all readers together; ``latency_cycles``: the least from a
    request to its first byte. Both are bounds, which the compiler and the roofline read. ``replay_is_exact``: whether a
    read takes the same cycles whenever it begins and whatever was read before, so that one run of a program stands for
    all its runs. ``Parameters``: the model's own numbers, given in `dram.parameters`. Each line of the docstring below
    "Not modelled" is copied into every result.
    """

    replay_is_exact: ClassVar[bool]
    Parameters: ClassVar[type[Record]]
    bytes_per_cycle: Fraction
    latency_cycles: int

    @classmethod
    def of(cls, config: DramConfig, clock_hz: float) -> Self:
        """The model of a chip's DRAM, in cycles of its core clock.

        Raises ValueError, which names the field first, if the fields make no DRAM.
        """
        ...

    def first_byte(self, asked: int) -> int:
        """The cycle in which the first byte of a read that was asked for in cycle ``asked`` can come."""
        ...

    def bus_bytes(self, bytes: int) -> int:
        """The bytes that the bus could move, at the full rate, while a read of ``bytes`` bytes holds it."""
        ...

    def open_cycles(self, since: int, until: int) -> int:
        """Cycles from ``since`` to ``until`` in which the bus can move data."""
        ...

    def end(self, since: int, cycles: int) -> int:
        """The first cycle by which the bus, from ``since`` on, has been open for ``cycles`` cycles."""
        ...

    @staticmethod
    def idle(config: DramConfig) -> Mapping[str, tuple[tuple[str, ...], str]]:
        """Fields of `dram` that have no effect -> (the fields that could change that, why)."""
        return {}


def dram_model(config: DramConfig, clock_hz: float) -> DramModel:
    """The model that ``config.model`` names. Raises ValueError if the fields make no DRAM of it."""
    return MODELS.get(config.model).of(config, clock_hz)
