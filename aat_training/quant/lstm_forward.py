"""The loop over time, forward: one matrix product a step, and the point-wise half in PyTorch or compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from aat_training.quant.compiled.lstm_steps import compiled_forward
from aat_training.quant.lstm_kernel import (
    LstmKernel,
    LstmWeights,
    holds_h_product,
    may_saturate_gate,
    may_saturate_input,
)
from aat_training.quant.lstm_trail import Trail
from aat_training.quant.rounding import exact_matmul, rescaler, rescaler_
from nnasim.numerics.formats import highest, lowest
from nnasim.numerics.precision import require_exact_type

Step = Callable[[int, Tensor], None]


def project_input(kernel: LstmKernel, weights: LstmWeights, x: Tensor) -> Tensor:
    """x (T, B, I) integers -> the gate domain (T, B, 4H), int32 values in float64."""
    bits, scale = (kernel.numerics.activation_bits, kernel.numerics.weight_bits), weights.scale_x.requant
    if weights.acc_x.reachable:
        acc = rescaler(scale)(weights.acc_x.product(x, weights.w_x, weights.bias))
        return acc.clamp_(lowest(32), highest(32))
    acc = exact_matmul(x, weights.w_x, *bits, f"{kernel.name}.x").double()
    if scale.exact_in_float:
        # Bias and half in one pass: (acc + bias) real + 1/2, each term and each sum exact in float64.
        real = torch.from_numpy(scale.real)
        torch.addcmul((weights.bias.double() * real).add_(0.5), acc, real, out=acc).floor_()
    else:
        acc = rescaler(scale)(acc.add_(weights.bias))
    return acc.clamp_(lowest(32), highest(32)) if may_saturate_input(weights, bits[0]) else acc


def accumulate_h(kernel: LstmKernel, weights: LstmWeights, h: Tensor) -> Tensor:
    """h (B, H) integers -> accumulators (B, 4H), exact whatever K and the bit widths, float32 or float64."""
    if weights.acc_h.reachable:
        return weights.acc_h.product(h, weights.w_h, None)
    bits = kernel.numerics.activation_bits, kernel.numerics.weight_bits
    return exact_matmul(h, weights.w_h, *bits, f"{kernel.name}.h_mm")


def input_share(weights: LstmWeights, gx_TBG: Tensor) -> Tensor:
    """What the input adds to the gates: its product, normalised where the layer has a norm."""
    return gx_TBG if weights.gain_x is None else weights.gain_x(gx_TBG)


def run_forward(
    kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, h: Tensor, c: Tensor, *, keep: bool
) -> tuple[Tensor, Tensor, Trail]:
    """h, c (B, H) integers -> h of every step (T, B, H), the last c, and what backward needs where ``keep``.

    ``gx_TBG``: the input's product in the gate domain, before its norm where the layer has one.
    """
    require_exact_type(h, f"{kernel.name}.h_mm")
    steps, (batch, units) = len(gx_TBG), h.shape
    trail, cell = Trail.empty(steps, batch, units, keep=keep), c.double()
    if keep and weights.gain_h is not None:
        trail = replace(trail, x_share=gx_TBG, h_share=torch.empty_like(gx_TBG))
    gx_TBG = input_share(weights, gx_TBG)
    acc = torch.empty(batch, 4 * units)
    single, w_h = holds_h_product(kernel, weights), weights.w_h.T
    step = compiled_forward(kernel, weights, gx_TBG, acc, cell, trail) if single else None
    step = step or TorchForward(kernel, weights, gx_TBG, cell, trail)
    for t in range(steps):
        acc = torch.mm(h, w_h, out=acc) if single else accumulate_h(kernel, weights, h)
        step(t, acc)
        h = trail.h[t]
    if keep and isinstance(step, TorchForward):
        step.fill_slopes()
    return trail.h, cell.float(), trail


class TorchForward:
    """One step's point-wise half in PyTorch, float64 integers in buffers made once."""

    def __init__(self, kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, c: Tensor, trail: Trail) -> None:
        self.kernel, self.gx, self.c, self.trail, self.gain = kernel, gx_TBG, c, trail, weights.gain_h
        batch, units = c.shape
        self.z = torch.empty(batch, 4 * units, dtype=torch.float64)
        self.gates = torch.empty_like(self.z)
        self.parts = self.gates.chunk(4, 1)  # input, forget, output, cell
        self.kept, self.new = torch.empty_like(c), torch.empty_like(c)
        self.index = torch.empty(trail.gates.shape, dtype=torch.int32)
        self.c_index = torch.empty(trail.tc.shape, dtype=torch.int32)
        base, tanhs = torch.full((4 * units,), -kernel.sigmoid.base, dtype=torch.int32), len(kernel.sigmoid.values)
        self.offset = base + tanhs * (torch.arange(4 * units) >= 3 * units)
        self.offset = self.offset.to(torch.int32)
        self._rescalers(kernel, weights)

    def _rescalers(self, kernel: LstmKernel, weights: LstmWeights) -> None:
        cell, top = kernel.cell, 1.0 / kernel.sigmoid.step
        state = float(-lowest(cell.cell_bits))
        fits = not may_saturate_gate(weights, cell.act_bits)
        self.requant_h = rescaler_(weights.scale_h.requant, 32, 0.0 if fits else None)
        self.keep, self.update = rescaler_(cell.keep, 32, top * state), rescaler_(cell.update, 32, top * top)
        domain = top * (state * float(cell.keep.real) + top * float(cell.update.real)) + 2
        self.sum_fits = domain <= highest(32)
        self.requant_c = rescaler_(cell.cell, 32, 0.0)  # saturates by its index
        self.output = rescaler_(cell.output, cell.act_bits, top * top)

    def __call__(self, t: int, acc: Tensor) -> None:
        """Accumulators (B, 4H) of step ``t`` -> the trail's h, gates and tc, and the cell state in place."""
        place = self.trail.place(t)
        self._gates(t, acc, place)
        self._cell(place)
        self._hidden(t, place)

    def _gates(self, t: int, acc: Tensor, place: int) -> None:
        z, kernel, trail = self.requant_h(self.z.copy_(acc)), self.kernel, self.trail
        z = z if self.gain is None else self._normalised(t, z)
        z.add_(self.gx[t]).clamp_(kernel.sigmoid.base, highest(16) + 1)
        index = self.index[place].copy_(z).add_(self.offset).view(-1)
        torch.index_select(kernel.gate_values, 0, index, out=trail.gates[place].view(-1))

    def _normalised(self, t: int, share: Tensor) -> Tensor:
        assert self.gain is not None
        if self.trail.h_share is not None:
            self.trail.h_share[t].copy_(share)
        return self.gain(share)

    def _cell(self, place: int) -> None:
        kernel, trail, bits = self.kernel, self.trail, self.kernel.cell.cell_bits
        torch.mul(trail.gates[place], 1 / kernel.sigmoid.step, out=self.gates)
        i, f, _, g = self.parts
        wide = self.keep(torch.mul(f, self.c, out=self.kept)).add_(self.update(torch.mul(i, g, out=self.new)))
        wide = wide if self.sum_fits else wide.clamp_(lowest(32), highest(32))
        self.requant_c(wide).clamp_(kernel.tanh_c.base, highest(bits) + 1)
        index = self.c_index[place].copy_(wide).sub_(kernel.tanh_c.base).view(-1)
        torch.clamp(wide, lowest(bits), highest(bits), out=self.c)
        torch.index_select(kernel.cell_values, 0, index, out=trail.tc[place].view(-1))

    def _hidden(self, t: int, place: int) -> None:
        tc = torch.mul(self.trail.tc[place], 1 / self.kernel.tanh_c.step, out=self.new)
        self.trail.h[t].copy_(self.output(tc.mul_(self.parts[2])))

    def fill_slopes(self) -> None:
        """What only the backward pass needs: gathered for all steps at once, by the indices they left."""
        trail, kernel, index, c_index = self.trail, self.kernel, self.index.view(-1), self.c_index.view(-1)
        assert trail.slopes is not None
        assert trail.c_slopes is not None
        torch.index_select(kernel.gate_slopes, 0, index, out=trail.slopes.view(-1))
        for table, out in (
            (kernel.tanh_c.slopes, trail.c_slopes),
            (kernel.cell_inside, trail.c_inside),
            (kernel.cell_states, trail.c),
        ):
            torch.index_select(table, 0, c_index, out=out.view(-1))
