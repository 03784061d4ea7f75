"""A vector array: lanes of MACs fed by a weight decoder, as Arm's Ethos-U has."""

from __future__ import annotations

from math import ceil
from typing import ClassVar

from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.hardware.mac_arrays.law import MacArrayLaw, MatmulTile
from nnasim.units import as_decimal, ceil_div, round_up


class VectorArray(MacArrayLaw):
    """The timing law of a vector array.

    Timing law: the slower of multiplying (``macs_per_cycle``; half of it where activations have 16 bits, since an 8 x 8
    lane then takes two steps) and decoding the tile's weights (``decoded_weights_per_cycle``), plus
    ``fixed_cycles_per_pass`` on the tile that opens a pass. A matmul of few rows is bound by the decoder: every
    weight is decoded once and used once per row.
    A kernel of several taps takes whole steps of the lanes: 32 channels of one tap, or 8 channels of 4 taps, whichever
    needs fewer steps. So a depthwise convolution, which has one channel to a kernel, has work for an eighth of the
    lanes. Outputs leave a convolution one a cycle for each 64 MACs of the array. Other groups are a pass each, and an
    output step computes 8 channels of one of them.
    A product of two computed operands has no weights to decode: the element-wise engine multiplies and a sum follows
    (``flowing_macs_per_cycle``).
    Ports: weight decoder, activations, outputs.
    Source: Vela 5.2, npu_performance.py (steps of depth-first, part-kernel and depthwise traversal, outputs) and its
    split of a grouped convolution into one operator per group.

    Not modelled
        vector array: block shapes, so the loss of a block that does not fill the lanes
        vector array: the output stage of a matmul of fewer than 64 inputs
        vector array: decoding a weight again for a further block of rows
        conv: on the vector array, strides above 3, for which a real one works position by position
        bmm: on the vector array, what the element-wise engine takes for a multiplication; its energy is a MAC's
    """

    READS: ClassVar[frozenset[str]] = frozenset({"decoded_weights_per_cycle", "flowing_macs_per_cycle"})

    output_granule = 1  # lanes take any output channel
    MACS_PER_OUTPUT = 64
    STEP_OUTPUTS = 8
    STEP_CHANNELS = 32
    STEP_TAPS, STEP_TAP_CHANNELS = 4, 8

    def __init__(self, config: MacArrayConfig) -> None:
        super().__init__(config)
        self.weights_per_cycle: int = min(config.decoded_weights_per_cycle or config.macs, config.macs)
        self.flowing_macs_per_cycle = as_decimal(min(config.flowing_macs_per_cycle or config.macs, config.macs))

    def cycles(self, tile: MatmulTile) -> int:
        """Cycles that ``tile`` occupies the array."""
        lanes_of_k = tile.k if tile.taps == 1 else self._lanes(tile)
        return (self.fixed_cycles if tile.first else 0) + self._work(tile, tile.n, lanes_of_k)

    def grouped_cycles(self, tile: MatmulTile) -> int:
        """Cycles that the groups of ``tile`` occupy the array: all in one pass if depthwise, a pass each if not."""
        if tile.flowing:
            return self.cycles(tile)
        if tile.channels == 1:
            return (self.fixed_cycles if tile.first else 0) + self._work(tile, tile.n, self._lanes(tile))
        group = tile.group
        return tile.groups * self.cycles(group._replace(n=round_up(group.n, self.STEP_OUTPUTS), first=True))

    def _lanes(self, tile: MatmulTile) -> int:
        """Lanes along k that the kernels of ``tile`` occupy, whole steps of them."""
        depth_first = tile.taps * round_up(tile.channels, self.STEP_CHANNELS)
        by_taps = round_up(tile.taps, self.STEP_TAPS) * round_up(tile.channels, self.STEP_TAP_CHANNELS)
        return min(depth_first, by_taps)

    def _work(self, tile: MatmulTile, outputs: int, lanes_of_k: int) -> int:
        steps = 2 if tile.input_bits > 8 else 1
        if tile.flowing:
            return ceil(tile.macs * steps / self.flowing_macs_per_cycle)
        least = 1 if tile.taps == tile.groups == 1 else self.MACS_PER_OUTPUT
        multiply = ceil_div(tile.m * outputs * max(lanes_of_k * steps, least), self.macs_per_cycle)
        return max(multiply, ceil_div(outputs * lanes_of_k, self.weights_per_cycle))
