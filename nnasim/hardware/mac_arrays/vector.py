"""A vector array: lanes of MACs fed by a weight decoder, as Arm's Ethos-U has."""

from __future__ import annotations

from typing import ClassVar

from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.hardware.mac_arrays.law import MacArrayLaw, MatmulTile
from nnasim.units import ceil_div


class VectorArray(MacArrayLaw):
    """The timing law of a vector array.

    Timing law: the slower of multiplying (``macs_per_cycle``; half of it where activations have 16 bits, since an 8 x 8
    lane then takes two steps) and decoding the tile's weights (``decoded_weights_per_cycle``), plus
    ``fixed_cycles_per_pass`` on the tile that opens a pass. A matmul of few rows is bound by the decoder: every
    weight is decoded once and used once per row.
    Ports: weight decoder, activations, outputs.

    Not modelled
        vector array: block shapes, so the loss of a block that does not fill the lanes
        vector array: decoding a weight again for a further block of rows
    """

    READS: ClassVar[frozenset[str]] = frozenset({"decoded_weights_per_cycle"})

    output_granule = 1  # lanes take any output channel

    def __init__(self, config: MacArrayConfig) -> None:
        super().__init__(config)
        self.weights_per_cycle: int = min(config.decoded_weights_per_cycle or config.macs, config.macs)

    def cycles(self, tile: MatmulTile) -> int:
        """Cycles that ``tile`` occupies the array."""
        steps = 2 if tile.input_bits > 8 else 1
        multiply = ceil_div(tile.macs * steps, self.macs_per_cycle)
        decode = ceil_div(tile.n * tile.k, self.weights_per_cycle)
        return (self.fixed_cycles if tile.first else 0) + max(multiply, decode)
