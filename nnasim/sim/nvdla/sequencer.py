"""The convolution sequencer: kernel group by kernel group, stripe by stripe, channel block by channel block."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from nnasim.sim.nvdla.layer import Layer
from nnasim.sim.nvdla.operands import until
from nnasim.sim.nvdla.output_stage import OutputStage
from nnasim.sim.nvdla.read_port import ReadPort

SHORTEST_WEIGHT_LOAD = 2  # source: NVDLA's sequencer gives a single kernel two cycles


class Sequencer:
    """Issues stripes to the MAC array.

    Timing law: a stripe of s rows holds the array max(s, atomic_k) cycles per channel block. The weights of the next
    block shift in, one kernel a cycle, while a stripe runs; where they were not there yet, their shift-in is seen. A
    stripe's last block waits until the accumulator has a free place for each of its rows.
    Ports: the read port's stores, ``OutputStage``.

    Not modelled
        NVDLA sequencer: kernels wider than 1 x 1
    """

    def __init__(self, env: simpy.Environment, layer: Layer, reads: ReadPort, outputs: OutputStage) -> None:
        self.env, self.layer, self.reads, self.outputs = env, layer, reads, outputs
        self.first_mac: int | None = None
        self._array_free = 0

    def run(self) -> Generator[simpy.Event, Any, None]:
        """Issue the whole layer."""
        activations = yield self.reads.activations.get()
        beats_before = 0
        for kernels, beats in zip(self.layer.kernel_groups, self.layer.group_beats, strict=True):
            weights = yield self.reads.weights.get()
            yield until(self.env, max(activations, weights))
            for rows in self.layer.stripes:
                yield from self._stripe(rows, kernels)
            if beats > beats_before:
                yield self.reads.room.put(beats - beats_before)
            beats_before = beats

    def _stripe(self, rows: int, kernels: int) -> Generator[simpy.Event, Any, None]:
        hold = max(rows, self.layer.design.atomic_k)
        loaded = self.env.now + max(kernels, SHORTEST_WEIGHT_LOAD)
        yield until(self.env, max(loaded, self._array_free))
        if self.first_mac is None:  # no credit is missing yet, so nothing else holds it up
            self.first_mac = int(self.env.now)
        yield self.env.timeout(hold * (self.layer.blocks - 1))
        yield self.outputs.credits.get(rows)
        self._array_free = int(self.env.now) + hold
        self.outputs.stripes.put((int(self.env.now), rows))
