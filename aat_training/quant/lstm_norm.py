"""Layer norm in the loop over time: the chip's integers forward, the gradient of the real function backward."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from aat_training.model.norm_lstm import EPSILON
from nnasim.numerics.formats import GATE_FRAC, highest, lowest
from nnasim.numerics.layer_norm import GAIN_FRAC, layer_norm

GATE_STEP, GAIN_STEP = 2.0**-GATE_FRAC, 2.0**-GAIN_FRAC


@dataclass(frozen=True)
class Gain:
    """One gain as the chip has it: ``integers`` (4H,) int16 at 2^-12 in float64, in the chip's gate order."""

    integers: Tensor
    name: str

    @classmethod
    def of(cls, real: Tensor, name: str) -> Gain:
        """Half up, saturated to int16: ``quantise_gain``."""
        steps = (real.double() / GAIN_STEP).add_(0.5).floor_()
        return cls(steps.clamp_(lowest(16), highest(16)), name)

    @property
    def real(self) -> Tensor:
        """The chip's gain as real numbers, float32."""
        return (self.integers * GAIN_STEP).float()

    @property
    def inside(self) -> Tensor:
        """A mask, true where the gain did not saturate: elsewhere it has no gradient."""
        return (self.integers > lowest(16)) & (self.integers < highest(16))

    def __call__(self, share: Tensor) -> Tensor:
        """The chip's layer norm of integers (..., 4H) in the gate domain, in float64."""
        return layer_norm(share, self.integers, self.name)


@dataclass(frozen=True)
class NormSlopes:
    """The values of v that the backward pass of y = gain (v - mean) / deviation needs: all steps, made at once.

    ``unit``: (v - mean) / deviation (T, B, 4H); ``inverse``: 1 / deviation (T, B, 1).
    """

    unit: Tensor
    inverse: Tensor
    gain: Gain

    @classmethod
    def of(cls, integers: Tensor, gain: Gain) -> NormSlopes:
        """The slopes for integers in the gate domain, before the norm."""
        real = integers.double().mul_(GATE_STEP)
        centred = real.sub_(real.mean(-1, keepdim=True))
        inverse = centred.square().mean(-1, keepdim=True).add_(EPSILON).rsqrt_()
        return cls((centred * inverse).float(), inverse.float(), gain)

    def back(self, dy: Tensor, step: int | slice = slice(None)) -> Tensor:
        """d loss / d y -> d loss / d v, real units; of one step or of all."""
        unit, into = self.unit[step], dy * self.gain.real
        along = (into * unit).mean(-1, keepdim=True)
        return into.sub_(into.mean(-1, keepdim=True)).sub_(unit * along).mul_(self.inverse[step])

    def into_gain(self, dy_TBG: Tensor) -> Tensor:
        """d loss / d gain (4H,), in the chip's gate order."""
        return (dy_TBG * self.unit).flatten(0, 1).sum(0).mul_(self.gain.inside)
