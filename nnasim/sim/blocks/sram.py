"""On-chip memory: its ports, and the buffers through which streamed weights pass."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from fractions import Fraction
from typing import Any

import simpy

from nnasim.sim.probe import Probe


class Sram:
    """On-chip memory with one or two ports and a ring of weight buffers.

    Timing law
        Each port serves requests in the order in which they come, at ``bytes_per_cycle``. A request of B bytes at
        cycle t ends at max(t, end of the port's last request) + ceil(B / bytes_per_cycle). With one port the DMA and
        the compute blocks share it; with two, the DMA has its own.

    Ports
        ``access(port, op, bytes)``: when a request made now ends. ``take_buffer()``, ``give_back(buffer)``: the weight
        buffers, first freed first taken.

    Not modelled
        SRAM bank conflicts: data are taken as interleaved over all banks
    """

    COMPUTE, DMA = 0, 1

    def __init__(
        self, env: simpy.Environment, probe: Probe, bytes_per_cycle: Fraction, ports: int, buffers: int
    ) -> None:
        self.env, self.probe = env, probe
        self._bytes, self._cycles = bytes_per_cycle.as_integer_ratio()  # so many bytes in so many cycles
        self._port_free = [0] * min(2, ports)
        self._free_buffers = deque((buffer, int(env.now)) for buffer in range(buffers))
        self._wanted: simpy.Event | None = None

    def access(self, port: int, op: int, bytes: int) -> int:
        """The cycle at which a request of ``bytes`` bytes, made now, has been served."""
        port = min(port, len(self._port_free) - 1)
        start = max(int(self.env.now), self._port_free[port])
        end = start - (-bytes * self._cycles // self._bytes)
        self._port_free[port] = end
        self.probe.busy("sram", port, op, start, end, bytes)
        return end

    def write(self, op: int, bytes: int) -> int:
        """``access`` on the DMA's port: what a DRAM read takes as its sink."""
        return self.access(Sram.DMA, op, bytes)

    def take_buffer(self) -> Generator[simpy.Event, Any, tuple[int, int]]:
        """(a free weight buffer, the cycle in which it became free); waits for one if there is none."""
        if not self._free_buffers:
            self._wanted = self.env.event()
            yield self._wanted
        return self._free_buffers.popleft()

    def give_back(self, buffer: int) -> None:
        """A weight buffer is free from now on."""
        self._free_buffers.append((buffer, int(self.env.now)))
        if self._wanted is not None:
            self._wanted.succeed()
            self._wanted = None
