"""Straight-through gradients: the values of the chip's arithmetic with the gradients of the real functions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aat_training.quant.rounding import Requantise
from nnasim.numerics.activation import ActivationUnit
from nnasim.numerics.formats import highest, lowest
from nnasim.numerics.rescale import IDENTITY


class Exactly(torch.autograd.Function):
    """``exact`` on the way forward, the gradient of ``smooth`` on the way back."""

    @staticmethod
    def forward(ctx: Any, smooth: Tensor, exact: Tensor) -> Tensor:  # noqa: D102
        return exact.to(smooth.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # noqa: D102
        return grad, None


class Rounded(torch.autograd.Function):
    """Values rounded half up, within ``limit``; gradient 1 where nothing was cut."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, limit: float) -> Tensor:  # noqa: D102
        whole = (value + 0.5).floor()
        ctx.save_for_backward(whole.abs() <= limit)
        return whole.clamp(-limit, limit)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # noqa: D102
        (inside,) = ctx.saved_tensors
        return grad * inside, None


class Unit(torch.autograd.Function):
    """A unit's value of every integer, and its slope there."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, values: Tensor, slopes: Tensor, low: int) -> Tensor:  # noqa: D102
        index = (x - low).long()
        ctx.save_for_backward(slopes[index])
        return values[index]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:  # noqa: D102
        (slope,) = ctx.saved_tensors
        return grad * slope, None, None, None


class WrittenOut:
    """A unit over every integer of its own input: its entry, then one gather for the value and one for the slope.

    The slope at x is that between its neighbours a 256th of the domain away on either side: a table of 256 entries is
    flat between its entries and has no slope of its own there.
    """

    def __init__(self, unit: ActivationUnit) -> None:
        self.entry, self.bits = unit.entry, unit.kind.input_bits
        out = np.asarray(replace(unit, entry=IDENTITY).expand(self.bits), np.float64)
        reach = 1 << max(0, self.bits - 8)
        wide = np.pad(out, reach, "edge")
        self.values = torch.from_numpy(out)
        self.slopes = torch.from_numpy((wide[2 * reach :] - wide[: -2 * reach]) / (2 * reach))

    def __call__(self, x: Tensor) -> Tensor:
        """Integer-valued x -> integers, float64."""
        entered = Requantise.apply(x, self.entry, self.bits)
        values: Tensor = Unit.apply(entered, self.values, self.slopes, lowest(self.bits))
        return values


def saturated(x: Tensor, bits: int) -> Tensor:
    """x within ``bits``; no gradient from beyond."""
    return x.clamp(lowest(bits), highest(bits))
