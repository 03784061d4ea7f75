"""Off-chip memory."""

from __future__ import annotations

from collections.abc import Callable, Generator
from fractions import Fraction
from typing import Any, ClassVar

import simpy

from nnasim.sim.probe import Probe


class Dram:
    """Off-chip memory behind one data bus.

    Timing law
        A read of B bytes waits ``latency`` cycles, then holds the data bus for ceil(B / bytes_per_cycle) cycles, or
        until the memory that takes the data has taken them. Latencies of different reads overlap, data do not.

    Ports
        ``read(op, bytes, sink)``: a process step that ends when the last byte has arrived. ``sink`` is called when
        the first byte arrives and says when the last one can have been taken.

    Not modelled
        DRAM refresh, row hits and misses, banks.
        Writes to DRAM: nothing is spilled, results leave with the hand-off.
    """

    not_modelled: ClassVar[tuple[str, ...]] = (
        "DRAM refresh, row hits and misses, banks",
        "DRAM writes: nothing is spilled, results leave with the hand-off",
    )

    def __init__(self, env: simpy.Environment, probe: Probe, bytes_per_cycle: Fraction, latency_cycles: int) -> None:
        self.env, self.probe = env, probe
        self.rate, self.latency = bytes_per_cycle, latency_cycles
        self.bus = simpy.Resource(env, capacity=1)

    def data_cycles(self, bytes: int) -> int:
        """Cycles for which ``bytes`` bytes hold the data bus."""
        return -(-bytes * self.rate.denominator // self.rate.numerator)

    def read(self, op: int, bytes: int, sink: Callable[[int, int], int]) -> Generator[simpy.Event, Any, None]:
        """Read ``bytes`` bytes for operation ``op`` into ``sink(op, bytes)``."""
        if self.latency:
            yield self.env.timeout(self.latency)
        with self.bus.request() as turn:
            yield turn
            start = int(self.env.now)
            yield self.env.timeout(max(self.data_cycles(bytes), sink(op, bytes) - start))
        self.probe.busy("dram", 0, op, start, int(self.env.now), bytes)
