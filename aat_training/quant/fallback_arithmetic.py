"""The CPU fall-back: matrix products in the chip's integers, gates, cell and joint in float on the CPU.

h, inputs and the joint's output are handed to the chip as int8; its products come back in the gate domain. Also the
arithmetic of ordinary quantisation-aware training: exact weights and activations, float activation functions.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from aat_training.model.layer import RecurrentLayer
from aat_training.model.rows import each_row
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.quant.fallback_lstm import GATE_STEP, FallbackSequence, run_float_gates
from aat_training.quant.rounding import handed_over_, not_saturated
from nnasim.numerics.formats import H_FRAC


class _FloatTanh(torch.autograd.Function):
    """The joint's tanh on the CPU: gate domain -> integers of the activation format."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, bits: int) -> Tensor:
        real = each_row(torch.tanh, z.float() * GATE_STEP)
        ctx.bits = bits
        if not ctx.needs_input_grad[0]:
            return handed_over_(real, bits)
        ctx.save_for_backward(real)
        return handed_over_(real.clone(), bits)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (real,) = ctx.saved_tensors
        slope = torch.mul(real, real).neg_().add_(1).mul_(not_saturated(real, ctx.bits))
        return slope.mul_(grad).mul_(GATE_STEP * 2.0 ** H_FRAC[ctx.bits]), None


class FallbackArithmetic(ChipArithmetic):
    """Integers for inputs, embedding, h and every matrix product; float32 for what stands between them."""

    def _trained(self, layer: RecurrentLayer, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Every h as integers and the last c, which is real, with what their gradients need."""
        w_ih, w_hh, bias, *gains = layer.parameters
        return FallbackSequence.apply(x, w_ih, w_hh, bias, h, c, self.kernel(layer.name), *gains)

    def _decoded(self, layer: RecurrentLayer, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Every h as integers, and the last c, which is real."""
        c, trail = run_float_gates(self.kernel(layer.name), self.frozen_weights(layer), x, h, c, keep=False)
        return trail.h, c

    def joint_hidden(self, z: Tensor) -> Tensor:
        """tanh in float, handed back as integers."""
        return _FloatTanh.apply(z, self.numerics.activation_bits)
