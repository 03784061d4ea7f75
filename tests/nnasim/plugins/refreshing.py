"""A model of DRAM: the bus rests at the beginning of every refresh interval."""

from typing import Self

from pydantic import Field

from nnasim.hardware.drams.steady import SteadyDram
from nnasim.hardware.memory import DramConfig
from nnasim.records import Number, Record
from nnasim.units import seconds_to_cycles


class RefreshingDram(SteadyDram):
    """A steady DRAM that moves no data for ``refresh_ns`` of every ``interval_ns``, counted from cycle 0.

    Not modelled
        DRAM row hits and misses: dram.efficiency stands for what they cost
    """

    replay_is_exact = False  # a read that meets a refresh takes longer than one that does not

    class Parameters(Record):
        interval_ns: Number = Field(3900, ge=1000, le=1e6, description="from one refresh to the next")
        refresh_ns: Number = Field(210, ge=0, le=900, description="for which the bus rests")

    @classmethod
    def of(cls, config: DramConfig, clock_hz: float) -> Self:
        model, given = super().of(config, clock_hz), cls.Parameters(**config.parameters)
        model.rest = seconds_to_cycles(given.refresh_ns * 1e-9, clock_hz)
        model.interval = max(model.rest + 1, seconds_to_cycles(given.interval_ns * 1e-9, clock_hz))
        return model

    def open_cycles(self, since: int, until: int) -> int:
        return self._open_before(until) - self._open_before(since)

    def end(self, since: int, cycles: int) -> int:
        if cycles == 0:
            return since
        intervals, rest = divmod(self._open_before(since) + cycles - 1, self.interval - self.rest)
        return intervals * self.interval + self.rest + rest + 1

    def _open_before(self, cycle: int) -> int:
        intervals, rest = divmod(cycle, self.interval)
        return intervals * (self.interval - self.rest) + max(0, rest - self.rest)
