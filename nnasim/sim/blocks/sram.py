"""On-chip memory: its ports, and the buffers through which streamed weights pass."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Hashable
from fractions import Fraction
from typing import Any

import simpy

from nnasim.sim.probe import Probe
from nnasim.units import ceil_div


class Sram:
    """On-chip memory with one or two ports and a ring of weight buffers.

    Timing law
        Each port serves requests in the order in which they come, at ``bytes_per_cycle``. A request of B bytes at
        cycle t ends at max(t, end of the port's last request) + ceil(B / bytes_per_cycle). With one port the DMA and
        the compute blocks share it; with two, the DMA has its own. What is fetched for the next call takes only cycles
        that no other access takes: it gives way to any request that comes while it is written.

    Ports
        ``access(port, op, bytes)``: when a request made now ends. ``write_behind(op, bytes)``: a process step that ends
        when the bytes of the next call are written. ``take_buffer()``, ``give_back(buffer)``: the weight
        buffers, first freed first taken. ``state(now)``: see ``InStep``.

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
        self._port_busy = [0] * min(2, ports)  # cycles that requests have taken, up to when the port is free
        self._free_buffers = deque((buffer, int(env.now)) for buffer in range(buffers))
        self._wanted: simpy.Event | None = None

    def access(self, port: int, op: int, bytes: int) -> int:
        """The cycle at which a request of ``bytes`` bytes, made now, has been served."""
        port = min(port, len(self._port_free) - 1)
        start = max(int(self.env.now), self._port_free[port])
        end = start + self._port_cycles(bytes)
        self._port_free[port] = end
        self._port_busy[port] += end - start
        self.probe.busy("sram", port, op, start, end, bytes)
        return end

    def _port_cycles(self, bytes: int) -> int:
        """Cycles of a port that ``bytes`` bytes take."""
        return ceil_div(bytes * self._cycles, self._bytes)

    def write(self, op: int, bytes: int) -> int:
        """``access`` on the DMA's port: what a DRAM read takes as its sink."""
        return self.access(Sram.DMA, op, bytes)

    def write_behind(self, op: int, bytes: int) -> Generator[simpy.Event, Any, None]:
        """Write ``bytes`` bytes on the DMA's port, from now on, in cycles that no other access takes."""
        port = min(Sram.DMA, len(self._port_free) - 1)
        start = since = int(self.env.now)
        busy, left = self._port_busy[port] - max(0, self._port_free[port] - since), self._port_cycles(bytes)
        while left:
            yield self.env.timeout(max(0, self._port_free[port] - since) + left)
            now = int(self.env.now)
            until_now = self._port_busy[port] - max(0, self._port_free[port] - now)
            left -= now - since - (until_now - busy)
            since, busy = now, until_now
        self.probe.busy("sram", port, op, start, since, bytes)

    def state(self, now: int) -> Hashable:
        """All that decides how requests from cycle ``now`` on are served, in cycles from it.

        Since when a free port has been free makes no difference; a transfer remembers when its buffer became free.
        """
        ports = [max(0, cycle - now) for cycle in self._port_free]
        return *ports, self._wanted is None, *[freed - now for _, freed in self._free_buffers]

    def take_buffer(self) -> Generator[simpy.Event, Any, tuple[int, int]]:
        """(a free weight buffer, the cycle in which it became free); waits if there is none."""
        if not self._free_buffers:
            self._wanted = self.env.event()
            yield self._wanted
        return self._free_buffers.popleft()

    def give_back(self, buffer: int) -> None:
        """Free a weight buffer from now on."""
        self._free_buffers.append((buffer, int(self.env.now)))
        if self._wanted is not None:
            self._wanted.succeed()
            self._wanted = None
