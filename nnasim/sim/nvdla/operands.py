"""Streams of operands that the output stage reads from memory."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import Any

import simpy

from nnasim.sim.nvdla.memory_port import MemoryPort

BURST_BEATS = 4  # source: NVDLA's memory interface asks for up to 4 beats at a time
BURSTS_IN_FLIGHT = 4  # measured: 16 beats of a stream are asked for before the first one is back
RETIRE = 14  # measured: from a burst's last beat to its place in the stream's queue being free


class OperandStream:
    """The bursts of one stream.

    Timing law: bursts of 4 beats; the next one waits while 4 are in flight, each for its ``RETIRE`` cycles after its
    last beat, and longer where ``hold`` says so.
    """

    def __init__(self, beats: int, first_request: float) -> None:
        self._left, self._first_request = beats, first_request
        self._held: dict[int, float] = {}
        self.arrivals: list[float] = []

    @property
    def bursts(self) -> int:
        """Bursts asked for so far."""
        return len(self.arrivals)

    @property
    def finished(self) -> bool:
        """Whether all has been asked for."""
        return not self._left

    @property
    def ready(self) -> float:
        """The cycle from which the next burst may be asked for."""
        before = self.bursts - BURSTS_IN_FLIGHT
        if before < 0:
            return self._first_request
        return max(self.arrivals[before] + RETIRE, self._held.get(before, -math.inf))

    def request(self, port: MemoryPort, earliest: float = -math.inf) -> float:
        """The cycle at which the last beat of the next burst is back, which is asked for as soon as it may be."""
        beats = min(BURST_BEATS, self._left)
        back = port.request(max(port.slot(), self.ready, earliest), beats)
        self._left -= beats
        self.arrivals.append(back)
        return back

    def hold(self, burst: int, until: float) -> None:
        """Keep the place of ``burst``, asked for or not, until ``until``."""
        self._held[burst] = until


def next_stream(streams: Sequence[OperandStream]) -> OperandStream | None:
    """The stream whose turn it is: the one that may ask first, and has asked least; None if there is none left."""
    waiting = [stream for stream in streams if not stream.finished]
    return min(waiting, key=lambda stream: (stream.ready, stream.bursts)) if waiting else None


class OperandReader:
    """Reads the streams of a product's output stage while the convolution reads its own.

    Ports: ``take`` hands over a stream burst by burst.
    """

    def __init__(self, env: simpy.Environment, port: MemoryPort, beats: Sequence[int], first_request: float) -> None:
        self.env, self.port = env, port
        self.beats_taken = [0] * len(beats)
        self._streams = [OperandStream(count, first_request) for count in beats]
        self._arrivals = [simpy.Store(env) for _ in beats]

    def run(self) -> Generator[simpy.Event, Any, None]:
        """Read all of it."""
        while (stream := next_stream(self._streams)) is not None:
            if stream.ready > self.env.now:
                yield until(self.env, stream.ready)
            self._arrivals[self._streams.index(stream)].put(stream.request(self.port))
            if self.port.issued > self.env.now:
                yield until(self.env, self.port.issued)

    def take(self, index: int) -> Generator[simpy.Event, Any, float]:
        """Wait until the next burst of a stream has been asked for; gives the cycle at which it is there."""
        back: float = yield self._arrivals[index].get()
        self.beats_taken[index] += BURST_BEATS
        return back


def until(env: simpy.Environment, cycle: float) -> simpy.Event:
    """An event at ``cycle``, or now if that has passed."""
    return env.timeout(max(math.ceil(cycle) - env.now, 0))
