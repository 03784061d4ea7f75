"""External memory as its readers see it: one port, reads in order, so many in flight."""

from __future__ import annotations

from nnasim.sim.nvdla.layer import Memory


class MemoryPort:
    """The port to memory that all readers share.

    Timing law: a beat is asked for each cycle. It comes back ``read_latency`` later, in order, at most one per
    ``cycles_per_read_beat``. Up to ``burst_beats`` consecutive beats of one reader are one request; the next request
    leaves when fewer than ``max_outstanding_reads`` of them wait for their last beat.
    """

    def __init__(self, memory: Memory, issued: float = -1.0) -> None:
        self.memory = memory
        self.issued = issued
        self._last_return: float | None = None
        self._requests: list[float] = []  # of each, when its last beat came back

    def slot(self) -> float:
        """The next cycle in which a request may leave."""
        slot, places = self.issued + 1, self.memory.max_outstanding_reads
        if len(self._requests) >= places:
            slot = max(slot, self._requests[-places] + 1)
        return slot

    def request(self, slot: float, beats: int) -> float:
        """The cycle at which the last of ``beats`` consecutive beats is back, asked for from ``slot`` on."""
        back = 0.0
        for beat in range(beats):
            if beat % self.memory.burst_beats == 0:
                slot = max(slot, self.slot())
                self._requests.append(0.0)
            back = self._beat(slot)
            slot += 1
        return back

    def _beat(self, slot: float) -> float:
        self.issued = slot
        back = slot + self.memory.read_latency
        if self._last_return is not None:
            back = max(back, self._last_return + self.memory.cycles_per_read_beat)
        self._last_return = self._requests[-1] = back
        return back
