"""The CPU fall-back's LSTM over a whole sequence as ONE autograd function: exact products, gates and cell in float.

What stays in the loop is h's product, its hand-over into float and the point-wise half. The float part runs gate by
gate and step by step on rows of H values: PyTorch's sigmoid computes whole vectors, and the values left over in another
way that differs in the last bit. Rows of another length would give other numbers than those that decoding recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from aat_training.model.norm_lstm import normalised
from aat_training.model.rows import rows_apart
from aat_training.quant.h_product import HProduct
from aat_training.quant.lstm_backward import layer_gradients
from aat_training.quant.lstm_forward import project_input
from aat_training.quant.lstm_kernel import LstmKernel, LstmWeights, may_saturate_gate, quantise_lstm
from aat_training.quant.lstm_trail import Trail
from aat_training.quant.rounding import handed_over_, not_saturated, rescaler_
from nnasim.numerics.formats import GATE_FRAC
from nnasim.numerics.precision import require_exact_type

GATE_STEP = 2.0**-GATE_FRAC


class FallbackSequence(torch.autograd.Function):
    """x (T, B, I) integers, parameters in torch's layout, h0 (B, H) integers, c0 real -> h (T, B, H) integers, last c.

    Gradients of x and h0 are with respect to their integers; straight through every rounding, zero where h saturates.
    """

    @staticmethod
    def forward(  # noqa: D102
        ctx: Any, x: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor, h0: Tensor, c0: Tensor, kernel: LstmKernel,
        *gains: Tensor,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        weights = quantise_lstm(kernel, w_ih, w_hh, bias, *gains)
        c, trail = run_float_gates(kernel, weights, x, h0, c0, keep=True)
        ctx.kernel, ctx.weights, ctx.trail, ctx.start = kernel, weights, trail, (x, h0, c0)
        return trail.h.clone(), c.clone()  # a node that holds its own output would never be freed

    @staticmethod
    def backward(ctx: Any, dh_int: Tensor, dc: Tensor) -> tuple[Tensor | None, ...]:  # noqa: D102
        kernel, (x, h0, c0) = ctx.kernel, ctx.start
        trail = ctx.trail.with_slopes(kernel.numerics.activation_bits)
        dx, dw_x, dw_h, dbias, dh0, dc0, *dgains = layer_gradients(
            kernel, ctx.weights, trail, x, h0, c0, dh_int / kernel.act_step, dc, into_x=ctx.needs_input_grad[0]
        )
        return dx, dw_x, dw_h, dbias, dh0, dc0, None, *dgains


@dataclass(frozen=True)
class FloatTrail:
    """The values that the steps leave: h (T, B, H) integers; gates (S, B, 4H), c and tanh(c) (S, B, H) real. S is T, or
    1.

    ``x_share``, ``h_share``: as in ``Trail``.
    """

    h: Tensor
    gates: Tensor
    c: Tensor
    tc: Tensor
    x_share: Tensor | None = None
    h_share: Tensor | None = None

    @classmethod
    def empty(cls, steps: int, batch: int, units: int, *, keep: bool, device: torch.device) -> FloatTrail:
        """Uninitialised buffers; without ``keep`` every step but h writes into the same place.

        Decoding keeps rows of c apart, so that the tanh of one does not depend on those beside it.
        """
        h, stored_steps = torch.empty(steps, batch, units, device=device), steps if keep else min(steps, 1)
        gates = torch.empty(stored_steps, batch, 4 * units, device=device)
        new = torch.empty if keep else rows_apart
        return cls(h, gates, *(new(stored_steps, batch, units, device=device) for _ in range(2)))

    def with_slopes(self, bits: int) -> Trail:
        """Derivatives of all steps at once; a h that saturated passes no gradient on."""
        units = self.h.shape[-1]
        slopes = 1 - self.gates
        slopes[..., : 3 * units].mul_(self.gates[..., : 3 * units])
        slopes[..., 3 * units :].mul_(1 + self.gates[..., 3 * units :])
        output = slice(2 * units, 3 * units)
        inside = not_saturated(self.gates[..., output] * self.tc, bits)
        slopes[..., output].mul_(inside)
        c_slopes = (1 - self.tc * self.tc).mul_(inside)
        inside_c = torch.ones_like(self.c)
        return Trail(
            h=self.h,
            gates=self.gates,
            c=self.c,
            tc=self.tc,
            slopes=slopes,
            c_slopes=c_slopes,
            c_inside=inside_c,
            x_share=self.x_share,
            h_share=self.h_share,
        )


def run_float_gates(
    kernel: LstmKernel, weights: LstmWeights, x: Tensor, h: Tensor, c: Tensor, *, keep: bool
) -> tuple[Tensor, FloatTrail]:
    """x (T, B, I) and h (B, H) integers, c (B, H) real -> the last c, and what the steps leave."""
    require_exact_type(h, f"{kernel.name}.h_mm")
    steps, (batch, units) = len(x), h.shape
    trail, gx = FloatTrail.empty(steps, batch, units, keep=keep, device=h.device), project_input(kernel, weights, x)
    if keep and weights.gain_h is not None:
        trail = replace(trail, x_share=gx, h_share=torch.empty_like(gx))
    step = (_FloatStep if weights.gain_h is None else _NormStep)(kernel, weights, gx, c, trail)
    product = HProduct(kernel, weights, h)
    for t in range(steps):
        step(t, product(h))
        h = step.h[t]
    return step.c, trail


class _FloatStep:
    """One step after h's product: hand-over in float64, then gates and cell in float32, in buffers made once."""

    def __init__(self, kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, c: Tensor, trail: FloatTrail) -> None:
        self.bits, self.c = kernel.numerics.activation_bits, c
        fits = not may_saturate_gate(weights)
        self.requant_h = rescaler_(weights.scale_h.requant, 32, 0.0 if fits else None, c.device)
        self.z = c.new_empty(gx_TBG.shape[1:])
        self.wide = torch.empty_like(self.z, dtype=torch.float64)
        self.z_parts = self.z.chunk(4, 1)
        self.kept, self.new = torch.empty_like(c), torch.empty_like(c)
        # Views made once: making them in every step costs as much as the arithmetic.
        self.gx, self.h, self.cells, self.tc = (x.unbind() for x in (gx_TBG, trail.h, trail.c, trail.tc))
        self.gates = [gate.unbind() for gate in trail.gates.chunk(4, 2)]

    def __call__(self, t: int, acc: Tensor) -> None:
        """Accumulators (B, 4H) of step ``t`` -> its h, gates, c and tanh(c)."""
        place = t if len(self.cells) > 1 else 0
        self._add_shares(t, self.requant_h(self.wide.copy_(acc)))
        i, f, o, g = (gate[place] for gate in self.gates)
        for z, gate in zip(self.z_parts, (i, f, o), strict=False):
            torch.sigmoid(z, out=gate)
        torch.tanh(self.z_parts[3], out=g)
        torch.mul(f, self.c, out=self.kept)
        self.c = torch.add(self.kept, torch.mul(i, g, out=self.new), out=self.cells[place])
        tc = torch.tanh(self.c, out=self.tc[place])
        handed_over_(torch.mul(o, tc, out=self.h[t]), self.bits)

    def _add_shares(self, t: int, gh: Tensor) -> None:
        """Add the shares without saturating to int32: sigmoid and tanh are constant long before that."""
        self.z.copy_(gh.add_(self.gx[t])).mul_(GATE_STEP)


class _NormStep(_FloatStep):
    """The same with both shares normalised in float, by the gains that the chip has."""

    def __init__(self, kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, c: Tensor, trail: FloatTrail) -> None:
        assert weights.gain_x is not None
        assert weights.gain_h is not None
        self.gain, self.h_share = weights.gain_h.real, trail.h_share
        super().__init__(kernel, weights, normalised((gx_TBG * GATE_STEP).float(), weights.gain_x.real), c, trail)

    def _add_shares(self, t: int, gh: Tensor) -> None:
        if self.h_share is not None:
            self.h_share[t].copy_(gh)
        torch.add(self.gx[t], normalised((gh * GATE_STEP).float(), self.gain), out=self.z)
