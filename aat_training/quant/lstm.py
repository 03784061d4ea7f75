"""The chip's LSTM over a whole sequence as ONE autograd function with a hand-derived backward pass.

Only h's matrix product and the point-wise half stay in the loop over time. Input projection, weight quantisation, dWx,
dWh, dbias and dx are one matrix product each over all time steps.

Gradients: straight through every rounding, zero where a value saturates, and the derivative of sigmoid and tanh taken
from their own output, s (1 - s) and 1 - t^2; ``gradient`` names the alternatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from aat_training.quant.rounding import exact_matmul, rescaler
from nnasim.errors import NumericsError
from nnasim.numerics.activation import ActivationUnit
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import GATE_FRAC, H_FRAC, WEIGHT_LIMIT, highest, lowest
from nnasim.numerics.layers import LstmCell
from nnasim.numerics.rescale import Rescale
from nnasim.numerics.weights import MatmulScale, matmul_scale, quantise_bias, quantise_weight

Gradient = Literal["output", "segment", "identity"]


def gate_order(units: int) -> np.ndarray:
    """Rows of torch's input, forget, cell, output gates in the chip's order: input, forget, output, cell."""
    rows = np.arange(4 * units).reshape(4, units)
    return rows[[0, 1, 3, 2]].reshape(-1)


@dataclass(frozen=True)
class LookUp:
    """An activation unit written out over its finite domain, in float32: one gather IS the unit."""

    values: Tensor
    slopes: Tensor
    offset: int

    @classmethod
    def of(cls, unit: ActivationUnit, bits: int, in_step: float, gradient: Gradient) -> LookUp:
        """``values``: integers put out; ``slopes``: d real output / d real input for the named alternatives."""
        out = unit.expand(bits)
        return cls(
            torch.from_numpy(out.astype(np.float32)),
            torch.from_numpy(_slopes(out * 2.0**-unit.output_frac, unit, in_step, gradient)),
            -lowest(bits),
        )

    def __call__(self, x: Tensor) -> Tensor:
        """Integer-valued x -> integers."""
        return self.values[(x + self.offset).to(torch.int32)]

    def slope(self, x: Tensor) -> Tensor:
        """The alternative derivative at integer-valued x."""
        return self.slopes[(x + self.offset).to(torch.int32)]


def _slopes(real: np.ndarray, unit: ActivationUnit, in_step: float, gradient: Gradient) -> np.ndarray:
    if gradient != "segment":
        return np.ones(1 if gradient == "output" else len(real), np.float32)
    # One table step of a lut8 spans several inputs; a difference over that span is the segment's slope.
    span = max(1, round(1.0 / float(unit.entry.real)))
    padded = np.concatenate([np.full(span, real[0]), real, np.full(span, real[-1])])
    return ((padded[2 * span :] - padded[: -2 * span]) / (2 * span * in_step)).astype(np.float32)


@dataclass(frozen=True)
class LstmKernel:
    """Constants of one layer that no training step changes."""

    name: str
    cell: LstmCell
    numerics: NumericsConfig
    in_step: float
    gradient: Gradient
    sigmoid: LookUp
    tanh: LookUp
    tanh_c: LookUp

    @classmethod
    def of(
        cls, name: str, cell: LstmCell, numerics: NumericsConfig, in_step: float, gradient: Gradient = "output"
    ) -> LstmKernel:
        """Expand the cell's three units over all their inputs."""
        gate = 2.0**-GATE_FRAC
        return cls(
            name, cell, numerics, in_step, gradient,
            LookUp.of(cell.sigmoid, 16, gate, gradient), LookUp.of(cell.tanh, 16, gate, gradient),
            LookUp.of(cell.tanh_c, cell.cell_bits, cell.cell_scale, gradient),
        )  # fmt: skip

    @property
    def act_step(self) -> float:
        """Worth of one integer of h."""
        return 2.0 ** -H_FRAC[self.numerics.activation_bits]


@dataclass(frozen=True)
class LstmWeights:
    """Integers of one layer in the chip's gate order, float32 (4H, I), (4H, H), (4H,), with their scales."""

    w_x: Tensor
    w_h: Tensor
    bias: Tensor
    scale_x: MatmulScale
    scale_h: MatmulScale


def quantise_lstm(kernel: LstmKernel, w_ih: Tensor, w_hh: Tensor, bias: Tensor) -> LstmWeights:
    """Real parameters in torch's gate order -> the chip's integers. Raises NumericsError for NaN or infinity."""
    order = torch.from_numpy(gate_order(w_hh.shape[1]))
    w_ih, w_hh, bias = (p.detach()[order].double() for p in (w_ih, w_hh, bias))
    numerics, gate = kernel.numerics, 2.0**-GATE_FRAC
    scale_x = matmul_scale(w_ih.abs().amax(1).numpy(), kernel.in_step, gate, numerics, f"{kernel.name}.x")
    scale_h = matmul_scale(w_hh.abs().amax(1).numpy(), kernel.act_step, gate, numerics, f"{kernel.name}.h_mm")
    if not bool(torch.isfinite(bias).all()):
        raise NumericsError(f"{kernel.name}.x", "bias", "NaN or infinity", "must be finite")
    return LstmWeights(
        quantise_weight(w_ih, scale_x.weight_step, numerics.weight_bits).float(),
        quantise_weight(w_hh, scale_h.weight_step, numerics.weight_bits).float(),
        quantise_bias(bias, scale_x.acc_step).float(),
        scale_x,
        scale_h,
    )


def _holds_in_float32(weights: LstmWeights, numerics: NumericsConfig) -> bool:
    """Whether every value in the gate domain is below 2^24, so that float32 carries it exactly."""
    reach = 1 << (numerics.activation_bits - 1)
    by_x = (
        weights.w_x.double().abs().sum(1) * reach + weights.bias.double().abs()
    ).numpy() * weights.scale_x.requant.real
    by_h = (weights.w_h.double().abs().sum(1) * reach).numpy() * weights.scale_h.requant.real
    return bool(max(by_x.max(), by_h.max()) + 1 < 1 << 24)


def project_input(kernel: LstmKernel, weights: LstmWeights, x: Tensor) -> Tensor:
    """x (T, B, I) integers -> the gate domain (T, B, 4H), int32 values in float32 (float64 where they are too many)."""
    bits = kernel.numerics.activation_bits, kernel.numerics.weight_bits
    acc = exact_matmul(x, weights.w_x, *bits, f"{kernel.name}.x").double() + weights.bias.double()
    gx = rescaler(weights.scale_x.requant)(acc).clamp_(lowest(32), highest(32))
    return gx.float() if _holds_in_float32(weights, kernel.numerics) else gx


@dataclass
class Saved:
    """What the backward pass needs, real-valued (T, B, ...)."""

    ifog: Tensor
    tc: Tensor
    c: Tensor
    h: Tensor
    z_inside: Tensor
    c_inside: Tensor
    z: Tensor | None
    c_int: Tensor | None


def run_forward(
    kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, h: Tensor, c: Tensor, *, keep: bool
) -> tuple[Tensor, Tensor, Saved | None]:
    """The loop over time. h, c (B, H) integers; returns h of every step (T, B, H), the last c, what backward needs."""
    steps, batch, width = gx_TBG.shape
    units, cell = width // 4, kernel.cell
    bits = kernel.numerics.activation_bits, kernel.numerics.weight_bits
    requant_h, keep_c, update_c = rescaler(weights.scale_h.requant), rescaler(cell.keep), rescaler(cell.update)
    requant_c, requant_o = rescaler(cell.cell), rescaler(cell.output)
    h_TBH = gx_TBG.new_empty(steps, batch, units, dtype=torch.float32)
    trail: list[tuple[Tensor, ...]] = []
    for t in range(steps):
        acc = exact_matmul(h, weights.w_h, *bits, kernel.name)
        gh = requant_h(acc).clamp_(lowest(32), highest(32))
        wide_z = gh.add_(gx_TBG[t])
        z = wide_z.clamp(lowest(16), highest(16))
        ifo, g = kernel.sigmoid(z[:, : 3 * units]), kernel.tanh(z[:, 3 * units :])
        i, f, o = ifo.double().split(units, 1)
        wide_c = requant_c(keep_c(f * c).add_(update_c(i * g)))
        c = wide_c.clamp(lowest(cell.cell_bits), highest(cell.cell_bits))
        tc = kernel.tanh_c(c)
        h = requant_o(o * tc).clamp_(lowest(cell.act_bits), highest(cell.act_bits)).float()
        h_TBH[t] = h
        if keep:
            trail.append((ifo, g, tc, c.float(), wide_z == z, wide_c == c, z.float()))
    return h_TBH, c.float(), _saved(kernel, h_TBH, trail) if keep else None


def _saved(kernel: LstmKernel, h_TBH: Tensor, trail: list[tuple[Tensor, ...]]) -> Saved:
    ifo, g, tc, c, z_inside, c_inside, z = (torch.stack(part) for part in zip(*trail, strict=True))
    gate, cell = 2.0**-kernel.cell.sigmoid.output_frac, kernel.cell
    alternative = kernel.gradient != "output"
    return Saved(
        torch.cat([ifo, g], -1).mul_(gate), tc.mul_(gate), c * cell.cell_scale, h_TBH * kernel.act_step,
        z_inside, c_inside, z if alternative else None, c if alternative else None,
    )  # fmt: skip


def _gate_slopes(kernel: LstmKernel, saved: Saved, units: int) -> tuple[Tensor, Tensor]:
    """d gate / d z (T, B, 4H), zero where z saturated; d tanh(c) / d c (T, B, H). All real-valued."""
    if saved.z is None or saved.c_int is None:
        sigmoids, tanhs = saved.ifog[..., : 3 * units], saved.ifog[..., 3 * units :]
        slopes = torch.cat([sigmoids * (1 - sigmoids), 1 - tanhs * tanhs], -1)
        return slopes * saved.z_inside, 1 - saved.tc * saved.tc
    z = saved.z
    slopes = torch.cat([kernel.sigmoid.slope(z[..., : 3 * units]), kernel.tanh.slope(z[..., 3 * units :])], -1)
    return slopes * saved.z_inside, kernel.tanh_c.slope(saved.c_int)


def run_backward(
    kernel: LstmKernel, saved: Saved, w_h: Tensor, c0: Tensor, dh_TBH: Tensor, dc: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """d loss / d z (T, B, 4H) in real units, and what remains for h0 and c0 (B, H), from d loss / d h of every step.

    ``w_h``: real-valued recurrent weights (4H, H); ``c0`` real-valued.
    """
    steps, batch, units = dh_TBH.shape
    dz_TBG = torch.empty(steps, batch, 4 * units)
    gate_slope, cell_slope = _gate_slopes(kernel, saved, units)
    dh_next = torch.zeros(batch, units)
    for t in range(steps - 1, -1, -1):
        i, f, o, g = saved.ifog[t].split(units, 1)
        dh = dh_TBH[t] + dh_next
        dc = (dc + dh * o * cell_slope[t]) * saved.c_inside[t]
        before = saved.c[t - 1] if t else c0
        torch.cat([dc * g, dc * before, dh * saved.tc[t], dc * i], 1, out=dz_TBG[t])
        dz_TBG[t] *= gate_slope[t]
        dc = dc * f
        dh_next = dz_TBG[t] @ w_h
    return dz_TBG, dh_next, dc


class LstmSequence(torch.autograd.Function):
    """x (T, B, I) integers, parameters in torch's layout, h0 and c0 (B, H) integers -> h (T, B, H), last c: integers.

    Gradients of x, h0 and c0 are with respect to their integers.
    """

    @staticmethod
    def forward(  # noqa: D102
        ctx: Any, x: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor, h0: Tensor, c0: Tensor, kernel: LstmKernel
    ) -> tuple[Tensor, Tensor]:
        weights = quantise_lstm(kernel, w_ih, w_hh, bias)
        gx = project_input(kernel, weights, x)
        h_TBH, c, saved = run_forward(kernel, weights, gx, h0, c0, keep=True)
        ctx.kernel, ctx.weights, ctx.saved, ctx.start = kernel, weights, saved, (x, h0, c0)
        return h_TBH, c

    @staticmethod
    def backward(ctx: Any, dh_int: Tensor, dc_int: Tensor) -> tuple[Tensor | None, ...]:  # noqa: D102
        kernel, weights, saved = ctx.kernel, ctx.weights, ctx.saved
        x, h0, c0 = ctx.start
        cell_scale, act = kernel.cell.cell_scale, kernel.act_step
        w_x = weights.w_x * torch.from_numpy(weights.scale_x.weight_step).float()[:, None]
        w_h = weights.w_h * torch.from_numpy(weights.scale_h.weight_step).float()[:, None]
        # Gradients arrive per integer step; one real unit is 1 / step of them.
        dz, dh0, dc0 = run_backward(kernel, saved, w_h, c0 * cell_scale, dh_int / act, dc_int / cell_scale)
        flat = dz.flatten(0, 1)
        before = torch.cat([(h0 * act)[None], saved.h[:-1]]).flatten(0, 1)
        back = torch.from_numpy(np.argsort(gate_order(h0.shape[1])))
        dw_x = (flat.T @ (x.flatten(0, 1).float() * kernel.in_step))[back]
        dw_h, dbias = (flat.T @ before)[back], flat.sum(0)[back]
        dx = ((flat @ w_x) * kernel.in_step).view(x.shape) if ctx.needs_input_grad[0] else None
        return dx, dw_x, dw_h, dbias, dh0 * act, dc0 * cell_scale, None


def weight_limit(numerics: NumericsConfig) -> int:
    """Largest integer of a weight."""
    return WEIGHT_LIMIT[numerics.weight_bits]


def requantised(acc: Tensor, scale: Rescale, bits: int) -> Tensor:
    """``requantise`` of a tensor without gradient."""
    return rescaler(scale)(acc).clamp_(lowest(bits), highest(bits))
