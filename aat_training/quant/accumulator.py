"""The MAC array's accumulator in training: proven wide enough, refused, or followed where it wraps or saturates."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from aat_training.devices import numpy_of
from aat_training.quant.rounding import BIAS_LIMIT
from nnasim.numerics.bounds import bound, require_no_overflow
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import WEIGHT_LIMIT, highest, lowest
from nnasim.numerics.ops import matmul


@dataclass(frozen=True)
class Accumulator:
    """The accumulator of one product. ``reachable``: with these weights, some input could leave its ``bits``."""

    name: str
    bits: int
    overflow: str
    reachable: bool

    @classmethod
    def of(cls, name: str, weight: Tensor, bias: Tensor | None, numerics: NumericsConfig) -> Accumulator:
        """The accumulator, judged by K and the bit widths if they suffice, else by the weights (N, K) and bias (N,),
        integers.

        Raises NumericsError if ``error`` is chosen and some input could overflow.
        """
        widths = numerics.activation_bits, numerics.weight_bits, numerics.accumulator_bits
        reachable, k = False, weight.shape[1]
        worst = k * -lowest(widths[0]) * WEIGHT_LIMIT[widths[1]] + (0 if bias is None else BIAS_LIMIT)
        if worst > highest(widths[2]):
            limit = bound(name, k, *widths, numpy_of(weight), None if bias is None else numpy_of(bias))
            reachable = limit.can_overflow
            if numerics.overflow == "error":
                require_no_overflow(limit)
        return cls(name, widths[2], numerics.overflow, reachable)

    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Accumulators (..., N) of x (..., K) as the chip leaves them, float64: ``nnasim.numerics.ops.matmul``."""
        return matmul(
            x.double(), weight.double(), bias, accumulator_bits=self.bits, overflow=self.overflow, name=self.name
        )

    def inside(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor | None:
        """A mask, true where the chip's sum is the plain one; None if no gradient is to be masked.

        A value that saturated passes no gradient on. Wrapping is a shift, whose derivative is 1.
        """
        if not (self.reachable and self.overflow == "saturate"):
            return None
        plain = x.double() @ weight.double().T
        return self.product(x, weight, bias) == (plain if bias is None else plain + bias)
