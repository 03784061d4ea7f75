"""The way in which a quantised file stores its values: real = scale * (integer - zero point)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Affine:
    """Integers of ``bits`` bits. ``scales`` and ``zero_points``: one of each, or one per place of ``axis``."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    bits: int
    signed: bool = True
    axis: int = 0

    @property
    def lowest(self) -> int:
        """The least integer."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def highest(self) -> int:
        """The greatest integer."""
        return self.lowest + (1 << self.bits) - 1

    @property
    def span(self) -> tuple[float, float]:
        """The least and the greatest real number that any place of the axis can hold."""
        scales, zeros = np.array(self.scales), np.array(self.zero_points)
        return float((scales * (self.lowest - zeros)).min()), float((scales * (self.highest - zeros)).max())

    @property
    def is_centred(self) -> bool:
        """Whether zero is the integer 0 everywhere, as the chip has it."""
        return self.signed and not any(self.zero_points)

    def spans_as(self, other: Affine) -> bool:
        """Whether both hold the same reals, so that going from one to the other moves integers and loses nothing."""
        same_step = self.scales == other.scales and self.bits == other.bits and self.axis == other.axis
        places = zip(self.zero_points, other.zero_points, strict=False)
        return same_step and all(self.lowest - a == other.lowest - b for a, b in places)

    def reals(self, integers: NDArray[Any]) -> NDArray[np.float32]:
        """The reals that ``integers`` stand for, float32."""
        shape = self._along(integers.ndim)
        scales, zeros = np.reshape(np.array(self.scales), shape), np.reshape(np.array(self.zero_points), shape)
        return ((integers.astype(np.float64) - zeros) * scales).astype(np.float32)

    def integers(self, reals: NDArray[Any]) -> NDArray[np.int64]:
        """The nearest integers, halves away from zero, saturated."""
        shape = self._along(reals.ndim)
        scaled = reals.astype(np.float64) / np.reshape(np.array(self.scales), shape)
        nearest = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5) + np.reshape(np.array(self.zero_points), shape)
        return np.clip(nearest, self.lowest, self.highest).astype(np.int64)

    def moved(self, axis: int) -> Affine:
        """This format for values whose quantised axis is ``axis`` now."""
        return Affine(self.scales, self.zero_points, self.bits, self.signed, axis)

    def _along(self, rank: int) -> tuple[int, ...]:
        """The shape in which scales meet values of ``rank`` axes."""
        if len(self.scales) == 1:
            return ()
        return tuple(-1 if axis == self.axis else 1 for axis in range(rank))
