"""Other work on the host CPU."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import simpy

from nnasim import limits
from nnasim.errors import SimulationError
from nnasim.hardware.units import HostConfig
from nnasim.units import seconds_to_cycles

MOST_WAITING = limits.WAITING_OTHER_WORK
"""Pieces of other work. A CPU that is so far behind never comes back, and each takes memory."""
MOST_ALONE = limits.OTHER_WORK_ALONE
"""Pieces between two commands of ours: a run that is so slow beside what it competes with would not end."""
NEVER = 1e300
"""Cycles between two pieces, at most: no run lasts as long, and the quotient of a clock and 1e-300 is infinite."""


class OtherLoad:
    """Pieces of other work that take their turn on the CPU, first come first served.

    Timing law
        Arrivals are a Poisson process of ``other_load_per_second``; each piece holds the CPU for ``other_load_us``. A
        piece is never interrupted, nor is a command of ours. The same seed gives the same arrivals.

    Ports
        ``cpu``: the resource that commands of ours must hold too.

    Not modelled
        priorities and time slices of the host's operating system
    """

    def __init__(self, env: simpy.Environment, config: HostConfig, clock_hz: float, stream: int) -> None:
        self.env, self.cpu = env, simpy.Resource(env, capacity=1)
        self._random = random.Random(f"{config.other_load_seed} {stream}")
        self._mean_gap = min(clock_hz / config.other_load_per_second, NEVER)
        self._alone = 0
        self._service = seconds_to_cycles(config.other_load_us * 1e-6, clock_hz)
        env.process(self._arrivals())

    def ours(self) -> None:
        """Note that a command of ours holds the CPU."""
        self._alone = 0

    def _arrivals(self) -> Generator[simpy.Event, Any, None]:
        while True:
            yield self.env.timeout(round(self._random.expovariate(1) * self._mean_gap))
            if len(self.cpu.queue) > MOST_WAITING:
                raise SimulationError(
                    f"{MOST_WAITING:,} pieces of other work wait for the CPU in cycle {int(self.env.now)}: no time "
                    "is left for ours; lower host.other_load_per_second or host.other_load_us"
                )
            self._alone += 1
            if self._alone > MOST_ALONE:
                raise SimulationError(
                    f"{MOST_ALONE:,} pieces of other work have had the CPU without one of ours, in cycle "
                    f"{int(self.env.now)}; lower host.other_load_per_second, or give ours faster memories"
                )
            self.env.process(self._piece())

    def _piece(self) -> Generator[simpy.Event, Any, None]:
        with self.cpu.request() as turn:
            yield turn
            yield self.env.timeout(self._service)
