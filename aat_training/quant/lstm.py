"""The chip's LSTM over a whole sequence as ONE autograd function with a hand-derived backward pass.

Only h's matrix product and the point-wise half stay in the loop over time. Input projection, weight quantisation, dWx,
dWh, dbias and dx are one matrix product each over all time steps.

Gradients: straight through every rounding, zero where a value saturates, and the derivative of sigmoid and tanh taken
from their own output, s (1 - s) and 1 - t^2; ``gradient`` names the alternatives.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from aat_training.quant.look_up import Gradient, LookUp
from aat_training.quant.lstm_backward import layer_gradients
from aat_training.quant.lstm_forward import input_product, project_input, run_forward
from aat_training.quant.lstm_kernel import LstmKernel, LstmWeights, gate_order, quantise_lstm

__all__ = [
    "Gradient", "LookUp", "LstmKernel", "LstmSequence", "LstmWeights", "gate_order", "input_product", "project_input",
    "quantise_lstm", "run_forward",
]  # fmt: skip


class LstmSequence(torch.autograd.Function):
    """x (T, B, I) integers, parameters in torch's layout, h0 and c0 (B, H) integers -> h (T, B, H), last c: integers.

    Gradients of x, h0 and c0 are with respect to their integers. ``gains``: gain_x and gain_h of a layer-norm LSTM.
    """

    @staticmethod
    def forward(  # noqa: D102
        ctx: Any, x: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor, h0: Tensor, c0: Tensor, kernel: LstmKernel,
        *gains: Tensor,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        weights = quantise_lstm(kernel, w_ih, w_hh, bias, *gains)
        h_TBH, c, trail = run_forward(kernel, weights, input_product(kernel, weights, x), h0, c0, keep=True)
        # Detached: a node that holds its own output would never be freed.
        detached_trail = replace(trail, h=h_TBH.detach())
        ctx.kernel, ctx.weights, ctx.trail, ctx.start = kernel, weights, detached_trail, (x, h0, c0)
        return h_TBH, c

    @staticmethod
    def backward(ctx: Any, dh_int: Tensor, dc_int: Tensor) -> tuple[Tensor | None, ...]:  # noqa: D102
        kernel, (x, h0, c0), scale = ctx.kernel, ctx.start, ctx.kernel.cell.cell_scale
        # Gradients arrive per integer step; one real unit is 1 / step of them.
        dx, dw_x, dw_h, dbias, dh0, dc0, *dgains = layer_gradients(
            kernel, ctx.weights, ctx.trail, x, h0, c0 * scale, dh_int / kernel.act_step, dc_int / scale,
            into_x=ctx.needs_input_grad[0],
        )  # fmt: skip
        assert dc0 is not None
        return dx, dw_x, dw_h, dbias, dh0, dc0 * scale, None, *dgains
