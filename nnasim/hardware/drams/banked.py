"""A DRAM with banks: rows that are open or closed, refreshes, and a bus that turns around."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor
from typing import ClassVar, Self

from nnasim.hardware.drams.controller import Controller
from nnasim.hardware.drams.steady import SteadyDram
from nnasim.hardware.drams.timings import OF_WRITES, PICO, BankedParameters, Timing, timing_of
from nnasim.hardware.memory import DramConfig
from nnasim.records import Record
from nnasim.units import as_decimal, ceil_div


class BankedDram(SteadyDram):
    """The timing law of a DRAM whose channels, banks and rows are followed one by one.

    Timing law: a read is served in turns, each of which stays in rows that are open together. The peak rate is
    ``bytes_per_second``; what is less is lost to rows that must be opened, refreshes and other software's traffic
    (``cpu_share``), not to ``efficiency``. ``read_latency_ns`` is that of a read of a closed row of an idle DRAM: the
    way to its pins and back is what is left of it without opening and reading the row.

    ``bytes_per_cycle`` and ``latency_cycles`` are what it delivers at best, in an open row.

    Not modelled
        DRAM timings that are a number of its clocks where that is more than their ns
        DRAM ranks, refresh of single banks, reads that overtake each other, power-down
        DRAM rows that an embedding's tokens name: the first ones are read
    """

    replay_is_exact: ClassVar[bool] = False  # the open rows and the next refresh differ from run to run
    Parameters: ClassVar[type[Record]] = BankedParameters

    def __init__(self, bytes_per_cycle: Fraction, latency_cycles: int, timing: Timing, way: int, cycle: Fraction):
        super().__init__(bytes_per_cycle, latency_cycles)
        self.timing = timing
        self._way = way  # from request to pins and back [ps]
        self._ps, self._of_cycles = cycle.as_integer_ratio()  # so many picoseconds in so many cycles

    @classmethod
    def of(cls, config: DramConfig, clock_hz: float) -> Self:
        """The model of a chip's DRAM. Raises ValueError, which names the field first, if its fields make no DRAM."""
        timing = timing_of(config)
        row = timing.trcd + timing.tcl
        latency = round(config.read_latency_ns * PICO)
        if latency < row:
            least = f"{row / PICO:g}, what a banked DRAM of {config.kind} takes to open a row and to read it"
            raise ValueError(f"dram.read_latency_ns: must be at least {least}")
        cycle = 10**12 / as_decimal(clock_hz)
        rate = as_decimal(config.bytes_per_second) * (1 - as_decimal(config.cpu_share)) / as_decimal(clock_hz)
        return cls(rate, floor((latency - timing.trcd) / cycle), timing, latency - row, cycle)

    @staticmethod
    def idle(config: DramConfig) -> Mapping[str, tuple[tuple[str, ...], str]]:
        """Fields that have no effect: the efficiency, which follows from the rest; unused parts of the organisation;
        writes if nothing writes.
        """
        timing, why = timing_of(config), "a banked DRAM's efficiency comes out of its rows, refreshes and turn-arounds"
        idle: dict[str, tuple[tuple[str, ...], str]] = {"efficiency": (("dram.model",), why)}
        if timing.channels == 1:
            idle["parameters.channel_bytes"] = (("dram.parameters.channels",), "there is one channel")
        if timing.bank_groups == 1:
            idle["parameters.group_rotation"] = (("dram.parameters.bank_groups",), "there is one bank group")
        for name in OF_WRITES if not config.cpu_share else ():
            idle[f"parameters.{name}"] = (("dram.cpu_share",), "nothing writes, since dram.cpu_share is 0")
        return idle

    def controller(self) -> Controller:
        """The controller of a DRAM with all rows closed."""
        return Controller(self.timing)

    def asked(self, cycle: int, *, ahead: bool) -> int:
        """The time at which a request of ``cycle`` is at the pins [ps]; ``ahead``: foreseen, so its row is open."""
        latency = -self.timing.trcd - self.timing.tcl if ahead else self._way
        return cycle * self._ps // self._of_cycles + latency

    def cycles(self, picoseconds: int) -> int:
        """The first cycle by which this much time has passed."""
        return ceil_div(picoseconds * self._of_cycles, self._ps)

    def whole_cycles(self, picoseconds: int) -> int:
        """The whole cycles that this much time fills."""
        return picoseconds * self._of_cycles // self._ps
