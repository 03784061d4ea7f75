"""The read port: activations and weights take turns on one bus to external memory."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import simpy

from nnasim.sim.nvdla.latencies import Latencies
from nnasim.sim.nvdla.layer import Layer, Memory

REQUEST_BEATS = 8  # source: NVDLA's convolution DMA asks for up to 8 atoms at a time
READS_IN_FLIGHT = 256  # source: the memory interface counts 256 outstanding reads
ADDRESS_BEATS = 4  # measured: walking several surfaces, the address generator pauses one cycle every 4 beats


def until(env: simpy.Environment, cycle: float) -> simpy.Event:
    """An event at ``cycle``, or now where that has passed."""
    return env.timeout(max(math.ceil(cycle) - env.now, 0))


class ReadPort:
    """Reads A and B.

    Timing law: one request slot a cycle; activations and weights alternate beat by beat while both have something to
    ask. A beat returns ``read_latency`` after its request, in order, at most one per ``cycles_per_read_beat``. A
    request waits while 256 reads, or the memory's own limit, are in flight; weights wait for room in the buffer, which
    a finished kernel group frees.
    Ports: ``activations`` and ``weights`` (stores of the cycles at which all of A, or a group of B, can be used),
    ``room`` (beats of buffer space for weights).

    Not modelled
        NVDLA read port: alignment of a surface's first address
        NVDLA read port: other clients of the memory interface
        NVDLA read port: DRAM pages and refresh
    """

    def __init__(self, env: simpy.Environment, layer: Layer, memory: Memory, latencies: Latencies) -> None:
        self.env, self.layer, self.memory, self.latencies = env, layer, memory, latencies
        self.activations, self.weights = simpy.Store(env), simpy.Store(env)
        capacity = max(layer.weight_room_beats, 1)
        self.room = simpy.Container(env, capacity=capacity, init=capacity)
        self._returns: list[float] = []
        self._issued = -1.0
        self._activations_left, self._weights_left = layer.activation_beats, layer.weight_beats
        self._activation_ready = 0.0 if layer.resident else float(latencies.weight_head_start)
        self._activations_turn = True
        self._group_ends = layer.group_beats

    def run(self) -> Generator[simpy.Event, Any, None]:
        """Issue every read, a burst at a time."""
        if self.layer.resident:
            for _ in self._group_ends:
                self.weights.put(0)
        while self._activations_left or self._weights_left:
            burst = min(REQUEST_BEATS, self._weights_left)
            if burst and (not self._activations_left or self.room.level >= burst):
                yield self.room.get(burst)
                self._issued = max(self._issued, self.env.now - 1)
                self._share_the_bus(burst)
            else:
                for _ in range(min(REQUEST_BEATS, self._activations_left)):
                    self._read_activation(max(self._slot(), self._activation_ready))
            yield until(self.env, self._issued)

    def _share_the_bus(self, weights: int) -> None:
        while weights:
            slot = self._slot()
            if self._activations_left and self._activations_turn and self._activation_ready <= slot:
                self._read_activation(slot)
            else:
                self._read_weight(slot)
                weights -= 1

    def _slot(self) -> float:
        """The next cycle in which a request may leave."""
        slot, returns, count = self._issued + 1, self._returns, len(self._returns)
        if count >= READS_IN_FLIGHT:
            slot = max(slot, returns[count - READS_IN_FLIGHT] + self.latencies.retire)
        if count >= self.memory.max_outstanding_reads:
            slot = max(slot, returns[count - self.memory.max_outstanding_reads] + 1)
        return slot

    def _read(self, slot: float) -> float:
        self._issued = slot
        back = slot + self.memory.read_latency
        if self._returns:
            back = max(back, self._returns[-1] + self.memory.cycles_per_read_beat)
        self._returns.append(back)
        return back

    def _read_activation(self, slot: float) -> None:
        back = self._read(slot)
        self._activations_turn = False
        self._activations_left -= 1
        surfaces, rows = self.layer.surfaces, self.layer.m
        row = (self.layer.activation_beats - self._activations_left - 1) % rows
        pauses = surfaces > 1 and (row == rows - 1 or row % ADDRESS_BEATS == ADDRESS_BEATS - 1)
        self._activation_ready = slot + (2 if pauses else 1)
        if not self._activations_left:
            usable = self.latencies.activations_to_usable
            if surfaces > 1:
                usable += self.latencies.surfaces_to_usable
            self.activations.put(math.ceil(back) + usable)

    def _read_weight(self, slot: float) -> None:
        back = self._read(slot)
        self._activations_turn = True
        self._weights_left -= 1
        done = self.layer.weight_beats - self._weights_left
        while self._group_ends and done >= self._group_ends[0]:
            self._group_ends.pop(0)
            self.weights.put(math.ceil(back) + self.latencies.weights_to_usable)
