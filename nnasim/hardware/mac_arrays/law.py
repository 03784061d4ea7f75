"""The interface of every family of MAC array: how long a tile occupies it, how many outputs it computes at once, and
its peak rate.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from nnasim.hardware.kinds import FAMILIES
from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.ir.program import MatmulCommand
from nnasim.records import Record
from nnasim.units import ceil_div


class MatmulTile(NamedTuple):
    """One tile of C[m, n] = A[m, k] @ B[k, n] as the array sees it.

    ``weight_bits``, ``input_bits``: width of an element of B and of A. ``first``: the tile opens a pass (an operation),
    ``last``: it closes it; costs that a pass pays once belong to those. ``resident``: B is in SRAM already.

    A convolution is the product of its m output positions and n kernels over k = channels x ``taps``, the channels that
    one kernel reads and the places that it has. ``groups``: the number of equal parts of n, each with its own A: the
    groups of a convolution, or the products of a batch. ``flowing``: B is computed as A is, and no stored weight.
    """

    m: int
    n: int
    k: int
    weight_bits: int = 8
    input_bits: int = 8
    first: bool = True
    last: bool = True
    resident: bool = True
    taps: int = 1
    groups: int = 1
    flowing: bool = False

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the tile."""
        return self.m * self.n * self.k

    @property
    def channels(self) -> int:
        """Input channels that one output reads."""
        return ceil_div(self.k, self.taps)

    @property
    def group(self) -> MatmulTile:
        """The tile of one group alone, the largest."""
        return self._replace(n=ceil_div(self.n, self.groups), groups=1)


def tile_of(command: MatmulCommand) -> MatmulTile:
    """The tile that the array gets from ``command``."""
    return MatmulTile(
        m=command.m,
        n=command.n,
        k=command.k,
        weight_bits=command.weight_bits,
        input_bits=command.input_bits,
        first=command.first,
        last=command.last,
        resident=command.transfer is None,
        taps=command.taps,
        groups=command.groups,
        flowing=command.flowing,
    )


class MacArrayLaw(ABC):
    """The timing law of a MAC array: pure, so the same tile always takes the same time. A family is a subclass.

    ``READS``: the fields of ``mac_array`` beside its size that have an effect; setting another one is refused.
    ``Parameters``: the numbers of a plug-in's own that `mac_array.parameters` takes. Each line of the docstring below
    "Not modelled" is copied into every result.
    """

    READS: ClassVar[frozenset[str]] = frozenset(
        {"rows", "cols", "dataflow", "decoded_weights_per_cycle", "flowing_macs_per_cycle"}
    )
    Parameters: ClassVar[type[Record]] = Record

    weights_per_cycle: float = math.inf
    """Weights that can reach the array in one cycle; infinite without a decoder."""

    def __init__(self, config: MacArrayConfig) -> None:
        self.macs_per_cycle = config.macs
        self.fixed_cycles = config.fixed_cycles_per_pass

    @abstractmethod
    def cycles(self, tile: MatmulTile) -> int:
        """Cycles of a tile of one group, from its operands in SRAM to its last output leaving the array."""

    def grouped_cycles(self, tile: MatmulTile) -> int:
        """Cycles of a tile of several groups: one after another, unless the family overrides it."""
        group = tile.group
        return self.cycles(group) + (tile.groups - 1) * self.cycles(group._replace(first=False))

    def tile_cycles(self, tile: MatmulTile) -> int:
        """Cycles of any tile."""
        return self.cycles(tile) if tile.groups == 1 else self.grouped_cycles(tile)

    @property
    @abstractmethod
    def output_granule(self) -> int:
        """Output channels that one step of the array computes together: a tile holds a multiple of them."""

    def bound_cycles(self, tile: MatmulTile) -> float:
        """The least cycles for an array of this size: ``tile`` at the peak rate, and its weights at theirs."""
        weights = 0 if tile.flowing else tile.n * tile.k
        return max(tile.macs / self.macs_per_cycle, weights / self.weights_per_cycle)


def mac_array_law(config: MacArrayConfig) -> MacArrayLaw:
    """The law of the family that ``config.kind`` names."""
    return FAMILIES.get(config.kind)(config)
