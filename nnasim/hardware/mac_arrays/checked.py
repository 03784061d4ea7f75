"""A family of MAC array that a package adds, whose answers are checked where they enter."""

from __future__ import annotations

from typing import Any, ClassVar

from nnasim.hardware.answers import guarded, is_texts, number, whole
from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.hardware.mac_arrays.law import MacArrayLaw, MatmulTile

MOST_CHANNELS = 2**20
ARGUMENTS = {"__init__": 1, "cycles": 1, "grouped_cycles": 1, "bound_cycles": 1}


def checked(name: str, who: str, family: Any) -> type[MacArrayLaw]:
    """The family ``family`` with its answers checked. Raises ValueError if it is no complete family."""
    if not is_texts(getattr(family, "READS", ())):
        raise ValueError(f"{who}: READS must be a set of names of fields")
    return guarded(who, family, MacArrayLaw, _CheckedArray, ARGUMENTS)  # type: ignore[no-any-return]


class _CheckedArray:
    """A check before each answer of a package's class, which ``super()`` is."""

    who: ClassVar[str]

    def __init__(self, config: MacArrayConfig) -> None:
        super().__init__(config)  # type: ignore[call-arg]
        whole(self.who, "macs_per_cycle", getattr(self, "macs_per_cycle", None), 1)
        whole(self.who, "fixed_cycles", getattr(self, "fixed_cycles", None), 0)
        number(self.who, "weights_per_cycle", self.weights_per_cycle, positive=True, finite=False)  # type: ignore

    def cycles(self, tile: MatmulTile) -> int:
        return whole(self.who, f"cycles of {_short(tile)}", super().cycles(tile), 0)  # type: ignore[misc]

    def grouped_cycles(self, tile: MatmulTile) -> int:
        return whole(self.who, f"grouped_cycles of {_short(tile)}", super().grouped_cycles(tile), 0)  # type: ignore

    @property
    def output_granule(self) -> int:
        return whole(self.who, "output_granule", super().output_granule, 1, MOST_CHANNELS)  # type: ignore[misc]

    def bound_cycles(self, tile: MatmulTile) -> float:
        bound: float = super().bound_cycles(tile)  # type: ignore[misc]
        number(self.who, f"bound_cycles of {_short(tile)}", bound)
        return bound


def _short(tile: MatmulTile) -> str:
    return f"m={tile.m} n={tile.n} k={tile.k}"
