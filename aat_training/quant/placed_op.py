"""One operation that either unit may run: the chip on integers, the CPU in float32."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from aat_training.model.rows import each_row
from nnasim.numerics.formats import highest, lowest


@dataclass(frozen=True)
class Format:
    """The integers of a tensor on the chip: ``per_unit`` of them are worth 1, in a signed type of ``bits``."""

    per_unit: float
    bits: int

    def integers(self, real: Tensor) -> Tensor:
        """Real values -> integers in float64, half up, saturated. What the chip itself made comes back unchanged."""
        return torch.floor(real.double() * self.per_unit + 0.5).clamp_(lowest(self.bits), highest(self.bits))

    def real(self, integers: Tensor) -> Tensor:
        """The real numbers that integers stand for, float64: a float32 could not hold an int32."""
        return integers.double() / self.per_unit


@dataclass(frozen=True)
class PlacedOp:
    """An operation with both of its forms. Operands and result are real-valued, whichever unit made them.

    ``chip``: integers of ``reads`` -> integers of ``writes``; ``cpu``: real values -> float32.
    """

    on_chip: bool
    reads: tuple[Format, ...]
    writes: Format
    chip: Callable[..., Tensor]
    cpu: Callable[..., Tensor]

    def __call__(self, *operands: Tensor) -> Tensor:
        """The result; an operand that the CPU made is rounded to its format when the chip reads it."""
        if not self.on_chip:
            return self.cpu(*operands)
        return self.writes.real(self.chip(*(f.integers(x) for f, x in zip(self.reads, operands, strict=True))))


def float_sum(a: Tensor, b: Tensor) -> Tensor:
    """The CPU's addition: rounded to float32 once, whichever unit made the operands."""
    return (a.double() + b.double()).float()


def float_product(a: Tensor, b: Tensor) -> Tensor:
    """The CPU's multiplication in float32."""
    return a.float() * b.float()


def float_sigmoid(gates: Tensor) -> Tensor:
    """The CPU's sigmoid in float32 of three gates, one by one: the last bit depends on where torch's vectors end."""
    return torch.cat([gate.sigmoid() for gate in gates.float().chunk(3, -1)], -1)


def float_tanh(x: Tensor) -> Tensor:
    """The CPU's tanh in float32."""
    return each_row(torch.tanh, x.float())
