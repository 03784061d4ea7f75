"""Activation units written out over their finite domain: one gather IS the unit, a second one its derivative."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from nnasim.numerics.activation import ActivationUnit
from nnasim.numerics.formats import highest, lowest

Gradient = Literal["output", "segment", "identity"]


@dataclass(frozen=True)
class LookUp:
    """Tables of one unit, float32 of shape (2^bits + 2,).

    The first and the last entry stand for everything that saturates: the value is the outermost one, the slope is 0. So
    an index alone tells a value that lies on the border from one beyond it.
    ``values``: integers put out; ``slopes``: d real output / d real input; ``step``: worth of one integer put out.
    """

    values: Tensor
    slopes: Tensor
    bits: int
    step: float

    @classmethod
    def of(cls, unit: ActivationUnit, bits: int, in_step: float, gradient: Gradient) -> LookUp:
        """The unit over every integer of ``bits``, each worth ``in_step``."""
        out = unit.expand(bits)
        step = 2.0**-unit.output_frac
        slopes = _slopes(out * step, unit, in_step, gradient)
        return cls(_float32(np.pad(out, 1, "edge")), _float32(np.pad(slopes, 1)), bits, step)

    def on(self, device: torch.device) -> LookUp:
        """The same tables on ``device``, brought there once."""
        if self.values.device == device:
            return self
        if device not in self._elsewhere:
            values, slopes = self.values.to(device), self.slopes.to(device)
            self._elsewhere[device] = replace(self, values=values, slopes=slopes)
        return self._elsewhere[device]

    @cached_property
    def _elsewhere(self) -> dict[torch.device, LookUp]:
        return {}

    @cached_property
    def tells_slopes(self) -> bool:
        """Whether ``slopes_of`` has each bit of the slopes of all inputs that do not saturate."""
        return torch.equal(self.slopes_of(self.values)[1:-1], self.slopes[1:-1])

    def slopes_of(self, values: Tensor) -> Tensor:
        """1 - t^2, t being the worth of the integers ``values``: arithmetic costs less than a gather."""
        return values.square().mul_(-(self.step**2)).add_(1.0)

    def inside(self, index: Tensor) -> Tensor | None:
        """A mask, true where an input did not saturate; None if none did."""
        last = len(self.values) - 1
        low, high = index.aminmax() if index.numel() else (torch.ones(()), torch.ones(()))
        return (index > 0) & (index < last) if int(low) == 0 or int(high) == last else None

    @property
    def base(self) -> int:
        """The integer for index 0: one below the smallest integer."""
        return lowest(self.bits) - 1

    def index(self, x: Tensor) -> Tensor:
        """Integer-valued x of any size -> int32 index."""
        return x.contiguous().clamp(self.base, highest(self.bits) + 1).sub_(self.base).to(torch.int32)

    def pick(self, table: Tensor, index: Tensor) -> Tensor:
        """``table[index]``; index_select takes a third of the time of indexing."""
        return table.index_select(0, index.view(-1)).view(index.shape)

    def __call__(self, x: Tensor) -> Tensor:
        """Integer-valued x -> integers in float32."""
        return self.pick(self.on(x.device).values, self.index(x))


def _float32(values: np.ndarray) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))


def _slopes(real: np.ndarray, unit: ActivationUnit, in_step: float, gradient: Gradient) -> np.ndarray:
    if gradient == "identity":
        return np.ones(len(real))
    if gradient == "output":
        return np.asarray(real * (1 - real) if unit.function == "sigmoid" else 1 - real * real)
    x = np.arange(len(real)) - len(real) // 2
    return unit.kind.slope(unit, x * in_step, real)
