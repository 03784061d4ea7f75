"""A linear layer of the chip as one autograd function: exact product, bias, requantise; straight-through backward."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from aat_training.devices import numpy_of, on
from aat_training.quant import float_product
from aat_training.quant.accumulator import Accumulator
from aat_training.quant.int8_product import Factor
from aat_training.quant.rounding import BIAS_LIMIT, integers, largest_rows, rescaler_
from nnasim.errors import NumericsError
from nnasim.numerics.bounds import exact_type
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import GATE_FRAC, WEIGHT_LIMIT, highest, lowest
from nnasim.numerics.weights import MatmulScale, matmul_scale


@dataclass(frozen=True)
class LinearWeights:
    """Integers of one layer, float32 (N, K) and (N,), their scales and accumulator; outputs are in the gate domain."""

    name: str
    weight: Tensor
    bias: Tensor | None
    scale: MatmulScale
    numerics: NumericsConfig
    accumulator: Accumulator

    @classmethod
    def of(cls, name: str, layer: nn.Linear, in_step: float, numerics: NumericsConfig) -> LinearWeights:
        """Quantise a layer whose input is worth ``in_step`` an integer.

        Raises NumericsError for NaN and infinity, and where an accumulator could overflow that must not.
        """
        weight, bias = layer.weight.detach(), None
        scale = matmul_scale(largest_rows(weight), in_step, 2.0**-GATE_FRAC, numerics, name)
        if layer.bias is not None:
            if not bool(torch.isfinite(layer.bias).all()):
                raise NumericsError(name, "bias", "NaN or infinity", "must be finite")
            bias = integers(layer.bias.detach(), scale.acc_step, BIAS_LIMIT)
        whole = integers(weight, scale.weight_step[:, None], WEIGHT_LIMIT[numerics.weight_bits])
        return cls(name, whole, bias, scale, numerics, Accumulator.of(name, whole, bias, numerics))

    @cached_property
    def factor(self) -> Factor:
        """The weight as exact products read it."""
        return Factor(self.weight, self.numerics.activation_bits, self.numerics.weight_bits, self.name)

    @cached_property
    def reach(self) -> float:
        """Largest magnitude that these weights can put out, rounded up, before saturation to int32."""
        largest = self.weight.double().abs().sum(1) * -lowest(self.numerics.activation_bits)
        if self.bias is not None:
            largest += self.bias.double().abs()
        return float((numpy_of(largest) * self.scale.requant.real).max()) + 1

    @property
    def real(self) -> Tensor:
        """The chip's weights as real numbers, float32."""
        return self.weight * _float32(self.scale.weight_step, self.weight)[:, None]

    def product(self, x: Tensor) -> Tensor:
        """x (..., K) integers -> accumulators (..., N) with bias, float64."""
        if self.accumulator.reachable:
            return self.accumulator.product(x, self.weight, self.bias)
        acc = self.factor.product(x).double()
        return acc if self.bias is None else acc.add_(self.bias)

    def output(self, x: Tensor) -> Tensor:
        """x (..., K) integers -> the gate domain (..., N): float32 where it holds every value, else float64."""
        saturates = self.reach > highest(32)
        out = rescaler_(self.scale.requant, 32, None if saturates else 0.0, x.device)(self.product(x))
        fits = not saturates and exact_type(int(self.reach) + 1, self.name) == "float32"
        return out.float() if fits else out

    def inside(self, x: Tensor, out: Tensor) -> Tensor | None:
        """A mask, true where neither the accumulator nor ``out`` saturated; None if nothing can."""
        accumulator_mask = self.accumulator.inside(x, self.weight, self.bias)
        if self.reach <= highest(32):
            return accumulator_mask
        unclipped = out.abs() < highest(32)
        return unclipped if accumulator_mask is None else unclipped & accumulator_mask


class ChipLinear(torch.autograd.Function):
    """``made.output(x)``; ``weight`` and ``bias`` are the real parameters that ``made`` was made of."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, linear_weights: LinearWeights) -> Tensor:  # noqa: D102
        out = linear_weights.output(x)
        ctx.linear_weights = linear_weights
        ctx.save_for_backward(x, bias, linear_weights.inside(x, out))
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: D102
        x, bias, inside = ctx.saved_tensors
        linear_weights: LinearWeights = ctx.linear_weights
        grad = grad if inside is None else grad * inside
        grad = grad.float() * _float32(linear_weights.scale.requant.real, grad)  # with respect to the accumulator
        rows = grad.flatten(0, -2)
        dx = float_product.product(rows, linear_weights.weight).view(x.shape) if ctx.needs_input_grad[0] else None
        dw = float_product.product(rows.T, x.flatten(0, -2).float())
        dw.div_(_float32(linear_weights.scale.weight_step, grad)[:, None])
        if bias is None:
            return dx, dw, None, None
        step = _float32(linear_weights.scale.acc_step, grad)
        return dx, dw, rows.sum(0).div_(step).mul_(bias.abs() <= BIAS_LIMIT * step), None


def _float32(values: np.ndarray, like: Tensor) -> Tensor:
    return on(values.astype(np.float32), like.device)
