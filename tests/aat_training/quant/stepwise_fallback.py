"""The yardstick of the CPU fall-back: one autograd node per operation and step, as plainly as it can be written."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from aat_training.model.norm_lstm import normalised
from aat_training.quant.lstm_kernel import LstmKernel, gate_order, quantise_lstm
from aat_training.quant.rounding import BIAS_LIMIT, Quantise, Requantise, exact_matmul
from nnasim.numerics.formats import GATE_FRAC, H_FRAC, WEIGHT_LIMIT, saturate
from nnasim.numerics.rescale import Rescale

GATE_STEP = 2.0**-GATE_FRAC


def handed_over(real: Tensor, bits: int) -> Tensor:
    """A real activation in (-1, 1) -> the integers that the chip is given."""
    # Made by hand: 2^15 lies beyond the scales a chip has, and this one is the CPU's.
    return Requantise.apply(real, Rescale(np.asarray(1 << 14), np.asarray(14 - H_FRAC[bits])), bits)


def stepwise_lstm(
    kernel: LstmKernel, x: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor, h: Tensor, c: Tensor, *gains: Tensor
) -> tuple[Tensor, Tensor]:
    """x (T, B, I) integers, parameters in torch's layout, h integers, c real -> h (T, B, H) integers, the last c."""
    order, weights = torch.from_numpy(gate_order(h.shape[1])), quantise_lstm(kernel, w_ih, w_hh, bias, *gains)
    limit = float(WEIGHT_LIMIT[kernel.numerics.weight_bits])
    step_x, step_h = (torch.from_numpy(s.weight_step)[:, None] for s in (weights.scale_x, weights.scale_h))
    w_x = Quantise.apply(w_ih[order], weights.w_x, step_x, limit)
    w_h = Quantise.apply(w_hh[order], weights.w_h, step_h, limit)
    b = Quantise.apply(bias[order], weights.bias, torch.from_numpy(weights.scale_x.acc_step), float(BIAS_LIMIT))
    bits = kernel.numerics.activation_bits, kernel.numerics.weight_bits
    gx_TBG = Requantise.apply(exact_matmul(x, w_x, *bits, "x").double() + b, weights.scale_x.requant, 32)
    shared = [
        Quantise.apply(real[order], gain.integers, torch.tensor(1.0 / 4096), 32767.0) / 4096
        for real, gain in zip(gains, (weights.gain_x, weights.gain_h), strict=False)
    ]
    outputs = []
    for gx in gx_TBG:
        gh = Requantise.apply(exact_matmul(h, w_h, *bits, "h").double(), weights.scale_h.requant, 32)
        if shared:
            z = normalised((gx * GATE_STEP).float(), shared[0].float())
            z = z + normalised((gh * GATE_STEP).float(), shared[1].float())
        else:
            z = (saturate(gx + gh, 32) * GATE_STEP).float()
        i, f, o, g = z.chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = handed_over(o.sigmoid() * c.tanh(), bits[0])
        outputs.append(h)
    return torch.stack(outputs), c


def stepwise_joint(z: Tensor, bits: int) -> Tensor:
    """The joint's tanh: the gate domain -> integers."""
    return handed_over(torch.tanh(z.float() * GATE_STEP), bits)
