"""What every family of MAC array answers: how long a tile occupies it, what it computes at once, and at the most."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from nnasim.hardware.kinds import FAMILIES
from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.records import Record


class MatmulTile(NamedTuple):
    """One tile of C[m, n] = A[m, k] @ B[k, n] as the array sees it.

    ``weight_bits``, ``input_bits``: width of an element of B and of A. ``first``: the tile opens a pass (an operation),
    ``last``: it closes it; costs that a pass pays once stand on those. ``resident``: B is in SRAM already.
    """

    m: int
    n: int
    k: int
    weight_bits: int = 8
    input_bits: int = 8
    first: bool = True
    last: bool = True
    resident: bool = True

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the tile."""
        return self.m * self.n * self.k


class MacArrayLaw(ABC):
    """The timing law of a MAC array: pure, so the same tile always takes the same time. A family is a subclass.

    ``READS``: the fields of ``mac_array`` beside its size that decide something; a user who sets another is told so.
    ``Parameters``: the numbers of a plug-in's own that `mac_array.parameters` takes. What its docstring has below
    "Not modelled", a line each, stands in every result.
    """

    READS: ClassVar[frozenset[str]] = frozenset({"rows", "cols", "dataflow", "decoded_weights_per_cycle"})
    Parameters: ClassVar[type[Record]] = Record

    weights_per_cycle: float = math.inf
    """Weights that can reach the array in one cycle; infinite where no decoder stands before it."""

    def __init__(self, config: MacArrayConfig) -> None:
        self.macs_per_cycle = config.macs
        self.fixed_cycles = config.fixed_cycles_per_pass

    @abstractmethod
    def cycles(self, tile: MatmulTile) -> int:
        """Cycles from the tile's operands standing in SRAM to its last output leaving the array."""

    @property
    @abstractmethod
    def output_granule(self) -> int:
        """Output channels that one step of the array computes together: a tile holds a multiple of them."""

    def bound_cycles(self, tile: MatmulTile) -> float:
        """Cycles that no array of this size goes below: ``tile`` at the peak rate, and its weights at theirs."""
        return max(tile.macs / self.macs_per_cycle, tile.n * tile.k / self.weights_per_cycle)


def mac_array_law(config: MacArrayConfig) -> MacArrayLaw:
    """The law of the family that ``config.kind`` names."""
    return FAMILIES.get(config.kind)(config)
