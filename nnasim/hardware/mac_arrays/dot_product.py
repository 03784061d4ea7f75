"""A dot-product array: atomic_c input channels x atomic_k kernels, as NVIDIA's NVDLA has."""

from __future__ import annotations

from typing import ClassVar

from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.hardware.mac_arrays.law import MacArrayLaw, MatmulTile
from nnasim.units import ceil_div


def row_stripes(rows: int, atomic_k: int) -> list[int]:
    """The stripes that the sequencer cuts ``rows`` rows into: each 2 atomic_k rows, and a tail of atomic_k to 2
    atomic_k.

    A stripe shorter than atomic_k could not hide the next weights' shift-in, so the tail is cut as (atomic_k, rest)
    instead of (2 atomic_k, less than atomic_k). Source: NVDLA's convolution sequence controller.
    """
    full, stripes = 2 * atomic_k, []
    while rows:
        if rows >= 2 * full:
            stripe = full
        elif rows <= full:
            stripe = rows
        else:
            stripe = atomic_k
        stripes.append(stripe)
        rows -= stripe
    return stripes


class DotProductArray(MacArrayLaw):
    """The timing law of a dot-product array whose operands are in the convolution buffer.

    Timing law: for each group of atomic_k kernels, each stripe of rows, each tap and each block of atomic_c channels:
    max(rows of the stripe, atomic_k) cycles, since the next block's weights shift in (one kernel a cycle) behind the
    rows. The output stage needs atomic_k + 1 cycles per row and group (one value a cycle, one to read the row).
    ``fixed_cycles_per_pass`` is added to the tile that opens a pass.
    If groups have fewer than atomic_k kernels, kernels of several groups run together, each with zeros for the channels
    of the others: a depthwise convolution has work for one of atomic_c channels.
    Ports: convolution buffer (one entry of activations and one of weights a cycle), output stage.
    Source of the loop over taps: NVDLA's description of its direct convolution (atomic, stripe, block, channel and
    group operations). Assumed: as many groups run together as fill atomic_k kernels.
    ``nnasim.sim.nvdla`` models what is left out here, and is what the measured tables check.

    Not modelled
        dot-product array: waiting for accumulator credits inside a tile
        dot-product array: an output stage of more than one value a cycle
        conv: on the dot-product array, zeros in DRAM and SRAM that kernels of several groups are filled up with
        bmm: on the dot-product array, bringing a computed operand into the layout of weights
    """

    READS: ClassVar[frozenset[str]] = frozenset({"rows", "cols"})

    def __init__(self, config: MacArrayConfig) -> None:
        super().__init__(config)
        self.atomic_c, self.atomic_k = config.rectangle

    @property
    def output_granule(self) -> int:
        """The kernels of a group."""
        return self.atomic_k

    def cycles(self, tile: MatmulTile) -> int:
        """Cycles that ``tile`` occupies the array."""
        return (self.fixed_cycles if tile.first else 0) + self._work(tile, tile.n, tile.channels)

    def grouped_cycles(self, tile: MatmulTile) -> int:
        """Cycles that the groups of ``tile`` occupy the array, as many side by side as fill the kernels."""
        kernels = tile.group.n
        together = min(tile.groups, max(1, self.atomic_k // kernels))
        passes = ceil_div(tile.groups, together)
        work = passes * self._work(tile, together * kernels, together * tile.channels)
        return (self.fixed_cycles if tile.first else 0) + work

    def _work(self, tile: MatmulTile, kernels: int, channels: int) -> int:
        groups, blocks = ceil_div(kernels, self.atomic_k), tile.taps * ceil_div(channels, self.atomic_c)
        stripes = row_stripes(tile.m, self.atomic_k)
        multiply = groups * blocks * sum(max(rows, self.atomic_k) for rows in stripes)
        deliver = groups * tile.m * (self.atomic_k + 1)
        return max(multiply, deliver)
