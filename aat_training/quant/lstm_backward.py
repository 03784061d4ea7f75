"""The loop over time, backward: one matrix product a step, and the point-wise half in PyTorch or compiled."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from aat_training.quant.compiled.lstm_steps import compiled_backward
from aat_training.quant.lstm_kernel import LstmKernel, LstmWeights, reordered
from aat_training.quant.lstm_norm import NormSlopes
from aat_training.quant.lstm_trail import Trail
from aat_training.quant.rounding import BIAS_LIMIT

Step = Callable[[int], None]


def layer_gradients(
    kernel: LstmKernel, weights: LstmWeights, trail: Trail, x: Tensor, h0: Tensor, c0: Tensor, dh_TBH: Tensor,
    dc: Tensor, *, into_x: bool,
) -> tuple[Tensor | None, ...]:  # fmt: skip
    """Gradients of x (None unless ``into_x``), w_ih, w_hh, bias, h0, c0, and of both gains of a layer that has them.

    ``dh_TBH``, ``dc`` and ``c0`` are real-valued, x and h0 integers: their gradients are with respect to those.
    """
    norms = [
        NormSlopes.of(share, gain)
        for share, gain in ((trail.x_share, weights.gain_x), (trail.h_share, weights.gain_h))
        if share is not None and gain is not None
    ]
    dz, dz_h, dh0, dc0 = run_backward(trail, weights.real_h, c0, dh_TBH, dc, norms[1] if norms else None)
    dgains = [reordered(norm.into_gain(dz)) for norm in norms]
    dz_x = norms[0].back(dz) if norms else dz
    return *_parameters(kernel, weights, dz_x, dz_h, x, h0, trail.h, into_x), dh0 * kernel.act_step, dc0, *dgains


def run_backward(
    trail: Trail, w_h: Tensor, c0: Tensor, dh_TBH: Tensor, dc: Tensor, norm: NormSlopes | None = None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """d loss / d z and / d h's share of it (T, B, 4H), and what remains for h0 and c0 (B, H).

    From d loss / d h of every step. All in real units; ``w_h``: recurrent weights (4H, H).
    """
    steps, batch, units = dh_TBH.shape
    dz_TBG = torch.empty(steps, batch, 4 * units)
    share_TBG = dz_TBG if norm is None else torch.empty_like(dz_TBG)
    dh, dc, nothing = torch.empty(batch, units), dc.clone(), torch.zeros(batch, units)
    step: Step = compiled_backward(trail, c0, dh, dc, dz_TBG) or TorchBackward(trail, c0, dh, dc, dz_TBG)
    if steps:
        dh.copy_(dh_TBH[-1])
    for t in range(steps - 1, -1, -1):
        step(t)
        if norm is not None:
            share_TBG[t] = norm.back(dz_TBG[t], t)
        torch.addmm(dh_TBH[t - 1] if t else nothing, share_TBG[t], w_h, out=dh)
    return dz_TBG, share_TBG, dh if steps else nothing, dc


def _parameters(
    kernel: LstmKernel, weights: LstmWeights, dz_x: Tensor, dz_h: Tensor, x: Tensor, h0: Tensor, h_TBH: Tensor,
    into_x: bool,
) -> tuple[Tensor | None, Tensor, Tensor, Tensor]:  # fmt: skip
    """One matrix product each over all time steps. A bias that was clipped has no gradient.

    Weights are never clipped, since their scale follows from the largest of them.
    """
    flat = dz_x.flatten(0, 1)
    before = torch.cat([h0[None], h_TBH[:-1]]).flatten(0, 1)
    dw_x = reordered(flat.T @ x.flatten(0, 1).float()).mul_(kernel.in_step)
    dw_h = reordered(dz_h.flatten(0, 1).T @ before).mul_(kernel.act_step)
    dbias = reordered(flat.sum(0).mul_(weights.bias.abs() < BIAS_LIMIT))
    dx = ((flat @ weights.real_x).mul_(kernel.in_step)).view(x.shape) if into_x else None
    return dx, dw_x, dw_h, dbias


class TorchBackward:
    """One step's point-wise half in PyTorch; whatever needs no d loss is multiplied out before, over all steps."""

    def __init__(self, trail: Trail, c0: Tensor, dh: Tensor, dc: Tensor, dz_TBG: Tensor) -> None:
        assert trail.slopes is not None
        assert trail.c_slopes is not None
        units = dh.shape[1]
        i, f, o, g = trail.gates.split(units, -1)
        before = torch.cat([c0[None], trail.c[:-1]])
        self.factors = torch.empty_like(trail.slopes)
        for number, beside in enumerate((g, before, trail.tc, i)):
            part = slice(number * units, (number + 1) * units)
            torch.mul(trail.slopes[..., part], beside, out=self.factors[..., part])
        self.into_c, self.inside, self.forget = o * trail.c_slopes, trail.c_inside, f
        self.dh, self.dc, self.dz, self.scratch = dh, dc, dz_TBG, torch.empty_like(dh)

    def __call__(self, t: int) -> None:
        """``dh`` of step t -> dz[t]; ``dc`` moves one step back in place."""
        dh, dc, (batch, units) = self.dh, self.dc, self.dh.shape
        # Not addcmul: it may round once where the compiled part, like any machine, must round twice.
        dc.add_(torch.mul(dh, self.into_c[t], out=self.scratch)).mul_(self.inside[t])
        factors, dz = self.factors[t].view(batch, 4, units), self.dz[t].view(batch, 4, units)
        torch.mul(factors, dc[:, None], out=dz)
        torch.mul(factors[:, 2], dh, out=dz[:, 2])
        dc.mul_(self.forget[t])
