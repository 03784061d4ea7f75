"""The loop over time, backward: one matrix product a step, and the point-wise half in PyTorch or compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from aat_training.quant import float_product
from aat_training.quant.compiled.lstm_back import CompiledBackward, compiled_backward
from aat_training.quant.fused.graph import run_stretches_back
from aat_training.quant.fused.steps import fused_backward
from aat_training.quant.lstm_kernel import LstmKernel, LstmWeights, reordered, reordered_
from aat_training.quant.lstm_norm import Gain, NormSlopes
from aat_training.quant.lstm_trail import Trail
from aat_training.quant.rounding import BIAS_LIMIT

PIECE = 1 << 16  # factors of d z that are made at once: a cache holds them until their step comes
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
    step: Step = (
        fused_backward(trail, c0, dh, dc, dz_TBG)
        or compiled_backward(trail, c0, dh, dc, dz_TBG)
        or TorchBackward(trail, c0, state, dz_TBG)
    )
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


class TorchBackward:
    """One step's point-wise half in PyTorch; factors that need no d loss are multiplied before, for many steps at once.

    ``state``: d c and d h of one step (2, B, H), side by side: one product takes both to what they add to d c.
    """

    def __init__(self, trail: Trail, c0: Tensor, state: Tensor, dz_TBG: Tensor) -> None:
        self.trail, self.c0, self.made = trail, c0, range(0)
        steps, (_, batch, units) = len(dz_TBG), state.shape
        at_once = min(steps, max(1, PIECE // max(1, 4 * batch * units)))
        self.into_gates, self.into_c = (state.new_empty(at_once, *shape) for shape in ((batch, 4, units), state.shape))
        # Sliced once: slicing in every step costs as much as an operation.
        self.state, (self.dc, self.dh), self.wide_dc = state, state.unbind(), state[0][:, None]
        self.parts = torch.empty_like(state)
        self.kept, self.new = self.parts.unbind()
        self.rows = list(
            zip(self.into_c.unbind(), self.into_gates.unbind(), self.into_gates[:, :, 2].unbind(), strict=True)
        )
        dz = dz_TBG.view(steps, batch, 4, units)
        self.dz = list(zip(dz.unbind(), dz[:, :, 2].unbind(), strict=True))

    def __call__(self, t: int) -> None:
        """d h of step t -> dz[t]; d c of step t + 1 -> that of t."""
        if t not in self.made:
            self._make(t)
        into_c, into_gates, into_o = self.rows[t - self.made.start]
        dz, dz_o = self.dz[t]
        # Not addcmul: it may round once, and the compiled part rounds twice, as every machine can.
        torch.mul(self.state, into_c, out=self.parts)
        torch.add(self.kept, self.new, out=self.dc)
        torch.mul(into_gates, self.wide_dc, out=dz)
        torch.mul(into_o, self.dh, out=dz_o)
        if t == 0:
            self.dc.mul_(self.trail.c_inside[0]).mul_(self._gate(1)[0])

    def _gate(self, number: int) -> Tensor:
        units = self.dh.shape[1]
        return self.trail.gates[..., number * units : (number + 1) * units]

    def _make(self, last: int) -> None:
        """Make the factors of step ``last`` and of some before it.

        The mask of d c, 0 where c saturated, is a part of every factor that d c meets: being 0 or 1 it changes no bit.
        """
        trail, first = self.trail, max(0, last + 1 - len(self.into_c))
        assert trail.slopes is not None
        assert trail.c_slopes is not None
        self.made, steps, inside = range(first, last + 1), slice(first, last + 1), trail.c_inside
        into_gates, into_c = (buffer[: len(self.made)] for buffer in (self.into_gates, self.into_c))
        i, f, o, g = (self._gate(number) for number in range(4))
        before = trail.c[first - 1 : last] if first else torch.cat([self.c0[None], trail.c[:last]])
        slopes = trail.slopes[steps].view(into_gates.shape)
        for number, beside in enumerate((g[steps], before, trail.tc[steps], i[steps])):
            into = torch.mul(slopes[:, :, number], beside, out=into_gates[:, :, number])
            if number != 2:
                into.mul_(inside[steps])
        torch.mul(o[steps], trail.c_slopes[steps], out=into_c[:, 1])
        after = min(last + 2, len(f))
        torch.mul(f[first + 1 : after], inside[first + 1 : after], out=into_c[: after - first - 1, 0])
        if after == last + 1:
            into_c[-1, 0] = 1  # nothing comes after the last step
