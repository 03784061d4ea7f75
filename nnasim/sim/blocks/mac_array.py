"""What every family of MAC array answers: how long one tile of a matmul occupies it."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Protocol

from nnasim.hardware.mac_array import MacArrayConfig


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


class MacArrayLaw(Protocol):
    """The timing law of a MAC array: pure, so the same tile always takes the same time."""

    not_modelled: ClassVar[tuple[str, ...]]

    def __init__(self, config: MacArrayConfig) -> None: ...

    def cycles(self, tile: MatmulTile) -> int:
        """Cycles from the tile's operands standing in SRAM to its last output leaving the array."""
        ...


def mac_array_law(config: MacArrayConfig) -> MacArrayLaw:
    """The law of the family that ``config.kind`` names."""
    if config.kind == "dot_product":
        from nnasim.sim.blocks.mac_dot_product import DotProductArray

        return DotProductArray(config)
    if config.kind == "systolic":
        from nnasim.sim.blocks.mac_systolic import SystolicArray

        return SystolicArray(config)
    from nnasim.sim.blocks.mac_vector import VectorArray

    return VectorArray(config)
