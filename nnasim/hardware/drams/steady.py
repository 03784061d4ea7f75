"""A DRAM with one latency and one rate at all times."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Self

from nnasim.hardware.drams.model import DramModel
from nnasim.hardware.memory import DramConfig
from nnasim.records import Record
from nnasim.units import as_decimal, seconds_to_cycles


class SteadyDram(DramModel):
    """The timing law of a DRAM whose refresh and rows are part of its efficiency.

    Timing law: the first byte ``read_latency_ns`` after the request; then ``bytes_per_second`` x ``efficiency``, less
    what other software takes for itself (``cpu_share``). A model that differs in one of these overrides it.

    Not modelled
        DRAM refresh, row hits and misses, banks one by one: dram.efficiency stands for what they cost
    """

    replay_is_exact: ClassVar[bool] = True
    Parameters: ClassVar[type[Record]] = Record

    def __init__(self, bytes_per_cycle: Fraction, latency_cycles: int) -> None:
        self.bytes_per_cycle, self.latency_cycles = bytes_per_cycle, latency_cycles

    @classmethod
    def of(cls, config: DramConfig, clock_hz: float) -> Self:
        """The model of a chip's DRAM."""
        part = as_decimal(config.efficiency) * (1 - as_decimal(config.cpu_share))
        rate = as_decimal(config.bytes_per_second) * part / as_decimal(clock_hz)
        return cls(rate, seconds_to_cycles(config.read_latency_ns * 1e-9, clock_hz))

    def first_byte(self, asked: int) -> int:
        """The cycle one latency after the request."""
        return asked + self.latency_cycles

    def bus_bytes(self, bytes: int) -> int:
        """The bytes themselves: nothing is added."""
        return bytes

    def open_cycles(self, since: int, until: int) -> int:
        """All cycles between the two."""
        return until - since

    def end(self, since: int, cycles: int) -> int:
        """The cycle ``cycles`` later: none is lost."""
        return since + cycles
