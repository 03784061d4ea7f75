"""The yardstick of the layer-norm LSTM on the chip: real functions in double precision around the exact integers."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from aat_training.model.norm_lstm import EPSILON
from aat_training.quant.lstm_kernel import LstmKernel, gate_order, quantise_lstm
from nnasim.numerics.formats import GATE_FRAC, highest, lowest
from nnasim.numerics.layer_norm import GAIN_FRAC, layer_norm
from nnasim.numerics.ops import mul
from nnasim.numerics.rescale import requantise, rescale

GATE_STEP = 2.0**-GATE_FRAC


def straight(value: Tensor, result: Tensor, inside: Tensor | None = None) -> Tensor:
    """``result`` with the gradient of ``value``, where it is ``inside``."""
    passed = value if inside is None else torch.where(inside, value, value.detach())
    return passed + (result - value).detach()


def whole(values: Tensor, step: float) -> np.ndarray:
    """The integers behind real values."""
    return (values.detach() / step).round().numpy().astype(np.int64)


def stepwise_norm(
    kernel: LstmKernel, x: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor, gain_x: Tensor, gain_h: Tensor,
    h: Tensor, c: Tensor,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """x, h and c integers in float64 -> h (T, B, H) and the last c as real values."""
    weights = quantise_lstm(kernel, *(p.detach().float() for p in (w_ih, w_hh, bias, gain_x, gain_h)))
    order, cell, out = torch.from_numpy(gate_order(h.shape[1])), kernel.cell, 2.0**-kernel.cell.sigmoid.output_frac
    w_x = straight(w_ih[order], weights.w_x.double() * torch.from_numpy(weights.scale_x.weight_step)[:, None])
    w_h = straight(w_hh[order], weights.w_h.double() * torch.from_numpy(weights.scale_h.weight_step)[:, None])
    b = straight(bias[order], weights.bias.double() * torch.from_numpy(weights.scale_x.acc_step))
    gains = []
    for real, gain in ((gain_x[order], weights.gain_x), (gain_h[order], weights.gain_h)):
        gains.append(straight(real, gain.integers * 2.0**-GAIN_FRAC, gain.inside))
    x, h, c, hs = x * kernel.in_step, h * kernel.act_step, c * cell.cell_scale, []
    for frame in x:
        acc_x = whole(frame, kernel.in_step) @ whole(weights.w_x, 1).T + whole(weights.bias, 1)
        acc_h = whole(h, kernel.act_step) @ whole(weights.w_h, 1).T
        shares = []
        for real, acc, scale, gain, integers in (
            (frame @ w_x.T + b, acc_x, weights.scale_x, gains[0], weights.gain_x.integers),
            (h @ w_h.T, acc_h, weights.scale_h, gains[1], weights.gain_h.integers),
        ):
            share = requantise(acc, scale.requant, 32)
            v = straight(real, torch.from_numpy(share * GATE_STEP))
            normed = layer_norm(share, whole(integers, 1)) * GATE_STEP
            shares.append(straight(F.layer_norm(v, v.shape[-1:], gain, None, EPSILON), torch.from_numpy(normed)))
        z = shares[0] + shares[1]
        limited = z.detach().clamp(lowest(16) * GATE_STEP, highest(16) * GATE_STEP)
        z = straight(z, limited, z.detach() == limited)
        units = h.shape[1]
        s_int = kernel.sigmoid((limited / GATE_STEP)[:, : 3 * units].round()).double() * out
        g_int = kernel.tanh((limited / GATE_STEP)[:, 3 * units :].round()).double() * out
        s = (s_int * (1 - s_int)) * (z[:, : 3 * units] - z[:, : 3 * units].detach()) + s_int
        g = (1 - g_int**2) * (z[:, 3 * units :] - z[:, 3 * units :].detach()) + g_int
        i, f, o = s.split(units, 1)
        i_int, f_int, g_whole, c_int = whole(i, out), whole(f, out), whole(g, out), whole(c, cell.cell_scale)
        wide = rescale(mul(f_int, c_int, cell.keep, 32) + mul(i_int, g_whole, cell.update, 32), cell.cell)
        new = cell.next_cell(i_int, f_int, g_whole, c_int)
        c = straight(f * c + i * g, torch.from_numpy(new * cell.cell_scale), torch.from_numpy(wide == new))
        tc_int = kernel.tanh_c(torch.from_numpy(new).float()).double() * out
        tc = (1 - tc_int**2) * (c - c.detach()) + tc_int
        h_int = mul(whole(o, out), whole(tc, out), cell.output, cell.act_bits)
        h = straight(o * tc, torch.from_numpy(h_int * kernel.act_step))
        hs.append(h)
    return torch.stack(hs), c
