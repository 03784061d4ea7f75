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
        The data of a read that was issued at cycle t begin at t + latency, or when the data of the read before have
        ended; they take ceil(B / bytes_per_cycle) cycles for B bytes, or until the memory that takes them has.

    Ports
        ``read(op, bytes, issued, sink)``: a process step that ends when the last byte has arrived; one reader, the DMA,
        asks in order. ``sink`` is called when the first byte arrives and says when the last one can have been taken.

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
        self.latency = latency_cycles
        self._bytes, self._cycles = bytes_per_cycle.as_integer_ratio()  # so many bytes in so many cycles

    def data_cycles(self, bytes: int) -> int:
        """Cycles for which ``bytes`` bytes hold the data bus."""
        return -(-bytes * self._cycles // self._bytes)

    def read(
        self, op: int, bytes: int, issued: int, sink: Callable[[int, int], int]
    ) -> Generator[simpy.Event, Any, int]:
        """Read ``bytes`` bytes for operation ``op``, asked for at cycle ``issued``, into ``sink(op, bytes)``.

        Returns the cycle at which the last byte has arrived.
        """
        now = int(self.env.now)
        start = max(now, issued + self.latency)
        if start > now:
            yield self.env.timeout(start - now)
        end = max(start + self.data_cycles(bytes), sink(op, bytes))
        yield self.env.timeout(end - start)
        self.probe.busy("dram", 0, op, start, end, bytes)
        return end
