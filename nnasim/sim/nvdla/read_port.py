"""The read port: activations and weights take turns on one bus to external memory."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import simpy

from nnasim.sim.nvdla.latencies import Latencies
from nnasim.sim.nvdla.layer import Layer
from nnasim.sim.nvdla.memory_port import MemoryPort
from nnasim.sim.nvdla.operands import until

REQUEST_BEATS = 8  # source: NVDLA's convolution DMA asks for up to 8 atoms at a time
READS_IN_FLIGHT = 256  # source: the memory interface counts 256 outstanding reads
ADDRESS_BEATS = 4  # measured: walking several surfaces, the address generator pauses one cycle every 4 beats


class ReadPort:
    """Reads A and B.

    Timing law: activations and weights alternate request by request while both have something to ask. A request waits
    while 256 beats are in flight, or for the memory; weights wait for room in the buffer, which a finished kernel group
    frees. What the memory makes of it: ``MemoryPort``.
    Ports: ``activations`` and ``weights`` (stores of the cycles at which all of A, or a group of B, can be used),
    ``room`` (beats of buffer space for weights).

    Not modelled
        NVDLA read port: alignment of a surface's first address
        NVDLA read port: other clients of the memory interface
        NVDLA read port: DRAM pages and refresh
    """

    def __init__(self, env: simpy.Environment, port: MemoryPort, layer: Layer, latencies: Latencies) -> None:
        self.env, self.port, self.layer, self.latencies = env, port, layer, latencies
        self.activations, self.weights = simpy.Store(env), simpy.Store(env)
        capacity = max(layer.weight_room_beats, 1)
        self.room = simpy.Container(env, capacity=capacity, init=capacity)
        self.last_return = 0.0
        self._request_beats = port.memory.burst_beats
        self._returns: list[float] = []
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
                self.port.issued = max(self.port.issued, self.env.now - 1)
                self._share_the_bus(burst)
            else:
                end = max(self._activations_left - REQUEST_BEATS, 0)
                while self._activations_left > end:
                    self._read_activations(max(self._slot(), self._activation_ready))
            yield until(self.env, self.port.issued)

    def _share_the_bus(self, weights: int) -> None:
        while weights:
            slot = self._slot()
            if self._activations_left and self._activations_turn and self._activation_ready <= slot:
                self._read_activations(slot)
            else:
                beats = min(self._request_beats, weights)
                self._read_weights(slot, beats)
                weights -= beats

    def _slot(self) -> float:
        """The next cycle in which a request may leave."""
        slot, count = max(self.port.slot(), 0.0), len(self._returns)
        if count >= READS_IN_FLIGHT:
            slot = max(slot, self._returns[count - READS_IN_FLIGHT] + self.latencies.retire)
        return slot

    def _read(self, slot: float, beats: int) -> float:
        self.last_return = self.port.request(slot, beats)
        self._returns.extend([self.last_return] * beats)
        return self.last_return

    def _read_activations(self, slot: float) -> None:
        """Ask for the next rows of a surface, as many as one request holds."""
        surfaces, rows = self.layer.surfaces, self.layer.m
        first_row = (self.layer.activation_beats - self._activations_left) % rows
        beats = min(self._request_beats, rows - first_row)
        back, last_row = self._read(slot, beats), first_row + beats - 1
        self._activations_turn = False
        self._activations_left -= beats
        pauses = surfaces > 1 and (last_row == rows - 1 or last_row % ADDRESS_BEATS == ADDRESS_BEATS - 1)
        self._activation_ready = self.port.issued + (2 if pauses else 1)
        if not self._activations_left:
            usable = self.latencies.activations_to_usable
            if surfaces > 1:
                usable += self.latencies.surfaces_to_usable
            self.activations.put(math.ceil(back) + usable)

    def _read_weights(self, slot: float, beats: int) -> None:
        back = self._read(slot, beats)
        self._activations_turn = True
        self._weights_left -= beats
        done = self.layer.weight_beats - self._weights_left
        while self._group_ends and done >= self._group_ends[0]:
            self._group_ends.pop(0)
            self.weights.put(math.ceil(back) + self.latencies.weights_to_usable)
