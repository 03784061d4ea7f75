"""The loop over time, backward: one matrix product a step, and the point-wise half in PyTorch or compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from aat_training.quant import float_product
from aat_training.quant.compiled.lstm_back import CompiledBackward, compiled_backward, compiles_backward
from aat_training.quant.fused.graph import run_stretches_back
from aat_training.quant.fused.steps import fused_backward
from aat_training.quant.fused.steps import obstacle as fused_obstacle
from aat_training.quant.lstm_kernel import LstmKernel, LstmWeights, reordered, reordered_
from aat_training.quant.lstm_norm import Gain, NormSlopes
from aat_training.quant.lstm_torch_back import TorchBackward
from aat_training.quant.lstm_trail import Trail, fill
from aat_training.quant.rounding import BIAS_LIMIT

Step = Callable[[int], None]


def layer_gradients(
    kernel: LstmKernel,
    weights: LstmWeights,
    trail: Trail,
    x: Tensor,
    h0: Tensor,
    c0: Tensor,
    dh_TBH: Tensor,
    dc: Tensor,
    *,
    into_x: bool,
) -> tuple[Tensor | None, ...]:
    """Gradients of x (None unless ``into_x``), w_ih, w_hh, bias, h0, c0, and of both gains of a layer that has them.

    ``dh_TBH``, ``dc`` and ``c0`` are real-valued, x and h0 integers: their gradients are with respect to those.
    """
    before = torch.cat([h0[None], trail.h[:-1]])
    of_x = Share.of(trail.x_share, weights.gain_x, weights.acc_x.inside(x, weights.w_x, weights.bias))
    of_h = Share.of(trail.h_share, weights.gain_h, weights.acc_h.inside(before, weights.w_h, None))
    dz, dz_h, dh0, dc0 = run_backward(kernel, trail, weights.real_h, c0, dh_TBH, dc, of_h)
    dgains = [reordered(share.norm.into_gain(dz)) for share in (of_x, of_h) if share.norm is not None]
    return *_parameters(kernel, weights, of_x(dz), dz_h, x, before, into_x), dh0 * kernel.act_step, dc0, *dgains


@dataclass(frozen=True)
class Share:
    """The gradient of x's or h's product from d loss / d z: back through its norm, 0 where its accumulator
    saturated.
    """

    norm: NormSlopes | None = None
    inside: Tensor | None = None

    @classmethod
    def of(cls, before_norm: Tensor | None, gain: Gain | None, inside: Tensor | None) -> Share:
        """``before_norm``: integers of all steps in the gate domain, of a layer with a norm."""
        return cls(None if before_norm is None or gain is None else NormSlopes.of(before_norm, gain), inside)

    @property
    def is_all(self) -> bool:
        """Whether the gradient is d loss / d z itself."""
        return self.norm is None and self.inside is None

    def __call__(self, dz: Tensor, step: int | slice = slice(None)) -> Tensor:
        """The gradient of one step or of all."""
        share = dz if self.norm is None else self.norm.back(dz, step)
        return share if self.inside is None else share * self.inside[step]


def run_backward(
    kernel: LstmKernel, trail: Trail, w_h: Tensor, c0: Tensor, dh_TBH: Tensor, dc: Tensor, of_h: Share
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """d loss / d z and / d h's share of it (T, B, 4H), and what remains for h0 and c0 (B, H).

    From d loss / d h of every step. All in real units; ``w_h``: recurrent weights (4H, H).
    """
    steps, batch, units = dh_TBH.shape
    dz_TBG = dh_TBH.new_empty(steps, batch, 4 * units)
    share_TBG = dz_TBG if of_h.is_all else torch.empty_like(dz_TBG)
    nothing, state = dh_TBH.new_zeros(batch, units), dh_TBH.new_empty(2, batch, units)
    dc, dh = state[0].copy_(dc), state[1]
    step = _step(kernel, trail, c0, state, dz_TBG)
    if steps:
        dh.copy_(dh_TBH[-1])
    if of_h.is_all and isinstance(step, CompiledBackward) and step.every(w_h, dh_TBH):
        return dz_TBG, share_TBG, dh, dc
    left = run_stretches_back(kernel, trail, w_h, c0, dh_TBH, dh, dc, dz_TBG) if of_h.is_all else steps
    into_h, shares = (nothing, *dh_TBH.unbind()), share_TBG.unbind()
    add_product = float_product.repeated(w_h, batch)
    for t in range(left - 1, -1, -1):
        step(t)
        if not of_h.is_all:
            share_TBG[t] = of_h(dz_TBG[t], t)
        add_product(into_h[t], shares[t], dh)
    return dz_TBG, share_TBG, dh if steps else nothing, dc


def _step(kernel: LstmKernel, trail: Trail, c0: Tensor, state: Tensor, dz_TBG: Tensor) -> Step:
    """The point-wise half by the first that can; ``state``: d c and d h."""
    kernel, (dc, dh) = kernel.on(state.device), state
    if fused_obstacle(state.device) is None or compiles_backward(state):
        fill(kernel, trail)
    return (
        fused_backward(trail, c0, dh, dc, dz_TBG)
        or compiled_backward(trail, c0, dh, dc, dz_TBG)
        or TorchBackward(kernel, trail, c0, state, dz_TBG)
    )


def _parameters(
    kernel: LstmKernel, weights: LstmWeights, dz_x: Tensor, dz_h: Tensor, x: Tensor, before: Tensor, into_x: bool
) -> tuple[Tensor | None, Tensor, Tensor, Tensor]:
    """One matrix product each over all time steps; ``before``: h that each step read.

    A bias that was clipped has no gradient. Weights never are, since their scale follows from the largest of them.
    """
    flat, columns = dz_x.flatten(0, 1), _columns(dz_x)
    columns_h = columns if dz_h is dz_x else _columns(dz_h)
    dw_x = reordered_(float_product.product(columns, x.flatten(0, 1) * kernel.in_step))
    dw_h = reordered_(float_product.product(columns_h, before.flatten(0, 1) * kernel.act_step))
    dbias = reordered(flat.sum(0).mul_(weights.bias.abs() < BIAS_LIMIT))
    dx = float_product.product(flat, weights.real_x).mul_(kernel.in_step).view(x.shape) if into_x else None
    return dx, dw_x, dw_h, dbias


def _columns(dz_TBG: Tensor) -> Tensor:
    """Each gate's gradients over all steps, (4H, T B): the whole matrix at once, which torch transposes in blocks."""
    return dz_TBG.flatten(0, 1).T.contiguous()
