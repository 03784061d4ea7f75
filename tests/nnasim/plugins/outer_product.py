"""A family of MAC array: each cycle the outer product of a column of inputs and a row of weights."""

from math import ceil

from pydantic import Field

from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.hardware.mac_arrays.law import MacArrayLaw, MatmulTile
from nnasim.records import Integer, Record


class OuterProductArray(MacArrayLaw):
    """Rows of inputs x columns of weights meet once for each of k; a finished block of outputs drains row by row.

    Not modelled
        outer-product array: draining one block behind the next one's work
    """

    READS = frozenset({"rows", "cols"})

    class Parameters(Record):
        drain_cycles_per_row: Integer = Field(1, ge=0, le=1000, description="cycles in which a row of outputs leaves")

    def __init__(self, config: MacArrayConfig) -> None:
        super().__init__(config)
        self.rows, self.cols = config.rectangle
        self.drain = self.Parameters(**config.parameters).drain_cycles_per_row * self.rows

    @property
    def output_granule(self) -> int:
        return self.cols

    def cycles(self, tile: MatmulTile) -> int:
        blocks = ceil(tile.m / self.rows) * ceil(tile.n / self.cols)
        return (self.fixed_cycles if tile.first else 0) + blocks * (tile.k + self.drain)
