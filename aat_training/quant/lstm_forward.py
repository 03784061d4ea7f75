"""The loop over time, forward: one matrix product a step, and the point-wise half in PyTorch or compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from aat_training.devices import on
from aat_training.quant.compiled.lstm_steps import CompiledForward, compiled_forward, takes_sums
from aat_training.quant.fused.graph import run_stretches
from aat_training.quant.fused.steps import fused_forward, obstacle
from aat_training.quant.h_product import HProduct
from aat_training.quant.lstm_kernel import LstmKernel, LstmWeights, may_saturate_gate, may_saturate_input, sums_exactly
from aat_training.quant.lstm_trail import Trail
from aat_training.quant.rounding import rescaler, rescaler_
from nnasim.numerics.formats import highest, lowest
from nnasim.numerics.precision import require_exact_type

Step = Callable[[int, Tensor], None]


def project_input(kernel: LstmKernel, weights: LstmWeights, x: Tensor) -> Tensor:
    """x (T, B, I) integers -> the gate domain (T, B, 4H), int32 values in float64."""
    scale = weights.scale_x.requant
    if weights.acc_x.reachable:
        acc = rescaler(scale)(weights.acc_x.product(x, weights.w_x, weights.bias))
        return acc.clamp_(lowest(32), highest(32))
    return in_gate_domain(weights, weights.factor_x.product(x))


def in_gate_domain(weights: LstmWeights, sums: Tensor) -> Tensor:
    """Accumulators of the input's product, without bias -> the gate domain, float64."""
    scale, acc = weights.scale_x.requant, sums.double()
    if scale.exact_in_float:
        # Bias and half in one pass: (acc + bias) real + 1/2, each term and each sum exact in float64.
        real = on(scale.real, acc.device)
        torch.addcmul((weights.bias.double() * real).add_(0.5), acc, real, out=acc).floor_()
    else:
        acc = rescaler(scale)(acc.add_(weights.bias))
    return acc.clamp_(lowest(32), highest(32)) if may_saturate_input(weights) else acc


def input_product(kernel: LstmKernel, weights: LstmWeights, x: Tensor) -> Tensor:
    """``project_input``, or the accumulators in int32 where each step can round its own."""
    if not (x.is_cpu and takes_sums(kernel, weights) and obstacle(x.device) is not None):
        return project_input(kernel, weights, x)
    sums = weights.factor_x.product(x)
    return sums if sums.dtype == torch.int32 else in_gate_domain(weights, sums)


def input_share(weights: LstmWeights, gx_TBG: Tensor) -> Tensor:
    """The contribution of the input to the gates: its product, normalised if the layer has a norm."""
    return gx_TBG if weights.gain_x is None else weights.gain_x(gx_TBG)


def run_forward(
    kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, h: Tensor, c: Tensor, *, keep: bool
) -> tuple[Tensor, Tensor, Trail]:
    """h, c (B, H) integers -> h of every step (T, B, H), the last c, and what backward needs where ``keep``.

    ``gx_TBG``: the input's product in the gate domain, before its norm where the layer has one; or in int32 as
    ``input_product`` leaves it.
    """
    require_exact_type(h, f"{kernel.name}.h_mm")
    kernel = kernel.on(h.device)
    steps, (batch, units) = len(gx_TBG), h.shape
    trail, cell = Trail.empty(steps, batch, units, keep=keep, device=h.device), c.double()
    if keep and weights.gain_h is not None:
        trail = replace(trail, x_share=gx_TBG, h_share=torch.empty_like(gx_TBG))
    product = HProduct(kernel, weights, h)
    step = _first_step(kernel, weights, gx_TBG, product, cell, trail)
    if isinstance(step, CompiledForward) and step.every is not None:
        step.every()
        return trail.h, cell.float(), trail
    done, h = run_stretches(step, weights, product, h, cell)
    for t in range(done, steps):
        step(t, product(h))
        h = trail.h[t]
    if keep and isinstance(step, TorchForward):
        step.fill_slopes()
    return trail.h, cell.float(), trail


def _first_step(
    kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, product: HProduct, cell: Tensor, trail: Trail
) -> Step:
    """The point-wise half by the first that can: a kernel of the GPU's, the compiled part, PyTorch."""
    if gx_TBG.dtype == torch.int32:
        step = compiled_forward(kernel, weights, gx_TBG, product, cell, trail)
        if step is not None:
            return step
        gx_TBG = in_gate_domain(weights, gx_TBG)
    gx_TBG = input_share(weights, gx_TBG)
    return (
        fused_forward(kernel, weights, gx_TBG, product, cell, trail)
        or compiled_forward(kernel, weights, gx_TBG, product, cell, trail)
        or TorchForward(kernel=kernel, weights=weights, gx_TBG=gx_TBG, c=cell, trail=trail)
    )


class TorchForward:
    """One step's point-wise half in PyTorch, float64 integers in buffers made once."""

    def __init__(self, kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, c: Tensor, trail: Trail) -> None:
        self.kernel, self.gx, self.c, self.trail, self.gain = kernel, gx_TBG, c, trail, weights.gain_h
        batch, units = c.shape
        self.z = c.new_empty(batch, 4 * units)
        self.gates = torch.empty_like(self.z)
        self.parts = self.gates.chunk(4, 1)  # input, forget, output, cell
        self.kept, self.new = torch.empty_like(c), torch.empty_like(c)
        self.index = torch.empty_like(trail.gates, dtype=torch.int32)
        self.c_index = torch.empty_like(trail.tc, dtype=torch.int32)
        self.offset = on(
            (len(kernel.sigmoid.values) * (torch.arange(4 * units) >= 3 * units)).to(torch.int32), c.device
        )
        self._rescalers(kernel, weights, c.device)
        self._views()

    def _rescalers(self, kernel: LstmKernel, weights: LstmWeights, device: torch.device) -> None:
        cell, top = kernel.cell, 1.0 / kernel.sigmoid.step
        state = float(-lowest(cell.cell_bits))
        fits = not may_saturate_gate(weights)
        self.requant_h = rescaler_(weights.scale_h.requant, 32, 0.0 if fits else None, device)
        self.keep = rescaler_(cell.keep, 32, top * state, device)
        self.update = rescaler_(cell.update, 32, top * top, device)
        domain = top * (state * float(cell.keep.real) + top * float(cell.update.real)) + 2
        self.sum_fits = domain <= highest(32)
        self.requant_c = rescaler_(cell.cell, 32, 0.0, device)  # saturates by its index
        self.output = rescaler_(cell.output, cell.act_bits, top * top, device)
        # Indices begin at 0. Where gx + gh + 1/2 is exact as it is, gx brings half and base along, and turning the sum
        # into an index, which drops its fraction, is the rounding of gh.
        self.folded = fits and weights.gain_h is None and sums_exactly(weights)
        self.gx = self.gx + ((0.5 if self.folded else 0.0) - kernel.sigmoid.base)
        self.real_h = on(weights.scale_h.requant.real, device)
        scales = cell.keep, cell.update, cell.cell
        whole = all(np.all(scale.real == np.floor(scale.real)) for scale in scales[:2])
        self.fused = whole and self.sum_fits and all(scale.exact_in_float for scale in scales)
        self.kept_real, self.new_real = (on(scale.real * cell.cell.real, device) for scale in scales[:2])
        self.half = on(np.float64(0.5), device)

    def _views(self) -> None:
        """Slice the inputs and outputs of each step once: slicing in every step costs as much as an operation."""
        trail = self.trail
        self.shares, self.hs = self.gx.unbind(), trail.h.unbind()
        self.rows = list(
            zip(
                trail.gates.unbind(),
                trail.gates.flatten(1).unbind(),
                trail.tc.unbind(),
                trail.tc.flatten(1).unbind(),
                self.index.unbind(),
                self.index.flatten(1).unbind(),
                self.c_index.unbind(),
                self.c_index.flatten(1).unbind(),
                strict=True,
            )
        )

    def __call__(self, t: int, acc: Tensor) -> None:
        """Accumulators (B, 4H) of step ``t`` -> the trail's h, gates and tc, and the cell state in place."""
        gates, flat_gates, tc, flat_tc, index, flat_index, c_index, flat_c_index = self.rows[self.trail.place(t)]
        kernel = self.kernel
        index.copy_(self._sum(t, acc).clamp_(0, len(kernel.sigmoid.values) - 1)).add_(self.offset)
        torch.index_select(kernel.gate_values, 0, flat_index, out=flat_gates)
        torch.mul(gates, 1 / kernel.sigmoid.step, out=self.gates)
        c_index.copy_(self._cell())
        torch.index_select(kernel.cell_values, 0, flat_c_index, out=flat_tc)
        torch.mul(tc, 1 / kernel.tanh_c.step, out=self.new)
        self.hs[t].copy_(self.output(self.new.mul_(self.parts[2])))

    def _sum(self, t: int, acc: Tensor) -> Tensor:
        """gx + gh as an index into a table; where it is folded, with gh's fraction and half a step."""
        wide = self.z.copy_(acc)
        if self.folded:
            return torch.addcmul(self.shares[t], wide, self.real_h, out=wide)
        gh = self.requant_h(wide)
        return (gh if self.gain is None else self._normalised(t, gh)).add_(self.shares[t])

    def _normalised(self, t: int, share: Tensor) -> Tensor:
        assert self.gain is not None
        if self.trail.h_share is not None:
            self.trail.h_share[t].copy_(share)
        return self.gain(share)

    def _cell(self) -> Tensor:
        """f c + i g by the integers of ``gates`` -> the state in place; returned: its index."""
        base, bits, (i, f, _, g) = self.kernel.tanh_c.base, self.kernel.cell.cell_bits, self.parts
        kept_term, new_term = torch.mul(f, self.c, out=self.kept), torch.mul(i, g, out=self.new)
        if self.fused:  # whole scales leave nothing to round before the last of them
            wide = torch.addcmul(self.half, kept_term, self.kept_real, out=kept_term)
            wide = wide.addcmul_(new_term, self.new_real).floor_()
        else:
            wide = self.keep(kept_term).add_(self.update(new_term))
            wide = self.requant_c(wide if self.sum_fits else wide.clamp_(lowest(32), highest(32)))
        torch.clamp(wide, lowest(bits), highest(bits), out=self.c)
        return wide.clamp_(base, highest(bits) + 1).sub_(base)

    def fill_slopes(self) -> None:
        """Fill in the slopes that only the backward pass needs, for all steps at once, by the indices that the steps
        left.
        """
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
