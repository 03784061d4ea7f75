"""The point-wise half of the forward loop in PyTorch, in as few operations a step as it takes.

At a few hundred units an operation costs its call and not its arithmetic. So one gather is all four activation units,
scales ride along as ``value=`` of ``addcmul``, and turning a number into an index, which drops its fraction, rounds it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from aat_training.devices import on
from aat_training.quant.gate_domain import into_gate_domain
from aat_training.quant.lstm_kernel import LstmKernel, LstmWeights, may_saturate_gate, sums_exactly
from aat_training.quant.lstm_trail import Trail
from aat_training.quant.rounding import holds_in_single, is_whole, rescaler_, rounded_product
from nnasim.numerics.formats import highest, lowest

PIECE = 1 << 18  # numbers of the input's share that are made at once: a cache holds them until their step comes


class TorchForward:
    """One step's point-wise half, in buffers and by views made once.

    ``gx_TBG``: the input's share of the gates, float64, or accumulators of the input's product in another type.
    """

    def __init__(self, kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, c: Tensor, trail: Trail) -> None:
        self.kernel, self.c, self.trail, self.gain = kernel, c, trail, weights.gain_h
        units, requant = c.shape[1], weights.scale_h.requant
        self.z = c.new_empty(len(c), 4 * units)
        self.gates, self.state = torch.empty_like(self.z), torch.empty_like(c)
        self.real_gates, self.tc = self.gates.float(), c.float()  # as tables have them
        self.index = torch.empty_like(trail.gates, dtype=torch.int32)
        self.c_index = torch.empty_like(trail.tc, dtype=torch.int32)
        fits = not may_saturate_gate(weights)
        self.requant_h = rescaler_(requant, 32, 0.0 if fits else None, c.device)
        self.real_h = on(requant.real, c.device)
        # Where gx + gh + 1/2 is exact as it is, the input's share brings the half, and an index is the rounding of gh.
        self.folded = fits and self.gain is None and sums_exactly(weights)
        of_tanh = (torch.arange(4 * units, device=c.device) >= 3 * units).double()
        self.first = of_tanh * len(kernel.sigmoid.values)  # of each column's table, in ``kernel.gate_values``
        self.last = self.first + (len(kernel.sigmoid.values) - 1)
        begin = self.first + ((0.5 if self.folded else 0.0) - kernel.sigmoid.base)
        self.share = InputShare(weights, gx_TBG, begin)
        self.next_state, self.output = NextState(kernel, c), Output(kernel, c)
        self._views()

    def _views(self) -> None:
        """Slice what each step reads and writes once: slicing in every step costs as much as an operation."""
        buffers = self.z, self.real_gates, self.state, self.tc, self.c
        self.flat_z, self.flat_gates, self.flat_state, self.flat_tc, self.flat_c = (each.view(-1) for each in buffers)
        self.i, self.f, o, self.g = self.gates.chunk(4, 1)
        self.o = self.real_gates.chunk(4, 1)[2] if self.output.single else o
        rows = self.index.flatten(1).unbind(), self.c_index.flatten(1).unbind()
        self.rows, self.hs = list(zip(*rows, strict=True)), self.trail.h.unbind()

    def __call__(self, t: int, acc: Tensor) -> None:
        """Accumulators (B, 4H) of step ``t`` -> its h and its indices, and the cell state in place."""
        (index, c_index), kernel = self.rows[self.trail.place(t)], self.kernel
        self._sum(t, acc).clamp_(self.first, self.last)
        torch.index_select(kernel.gate_values, 0, index.copy_(self.flat_z), out=self.flat_gates)
        self.gates.copy_(self.real_gates)
        self.next_state(self.i, self.f, self.g, self.state)
        torch.index_select(kernel.cell_values, 0, c_index.copy_(self.flat_state), out=self.flat_tc)
        torch.index_select(kernel.cell_integers, 0, c_index, out=self.flat_c)
        self.output(self.o, self.tc, self.hs[t])

    def _sum(self, t: int, acc: Tensor) -> Tensor:
        """gx + gh as an index into a table; where it is folded, with gh's fraction and half a step."""
        wide = self.z.copy_(acc)
        if self.folded:
            return torch.addcmul(self.share(t), wide, self.real_h, out=wide)
        gh = self.requant_h(wide)
        return torch.add(gh if self.gain is None else self._normalised(t, gh), self.share(t), out=wide)

    def _normalised(self, t: int, share: Tensor) -> Tensor:
        assert self.gain is not None
        if self.trail.h_share is not None:
            self.trail.h_share[t].copy_(share)
        return self.gain(share)


class InputShare:
    """The input's share (B, 4H) of one step's gates plus ``begin``, float64: made for some steps at once."""

    def __init__(self, weights: LstmWeights, gx_TBG: Tensor, begin: Tensor) -> None:
        self.gx, self.begin, self.made = gx_TBG, begin, range(0)
        self.round = None if gx_TBG.dtype == torch.float64 else into_gate_domain(weights)
        at_once = min(len(gx_TBG), max(1, PIECE // max(1, gx_TBG[:1].numel())))
        self.piece = torch.empty(at_once, *gx_TBG.shape[1:], dtype=torch.float64, device=gx_TBG.device)
        self.steps = self.piece.unbind()

    def __call__(self, t: int) -> Tensor:
        """The share of step ``t``; valid until one of another piece is asked for."""
        if t not in self.made:
            self._make(t)
        return self.steps[t - self.made.start]

    def _make(self, t: int) -> None:
        part = self.gx[t : t + len(self.piece)]
        self.made, piece = range(t, t + len(part)), self.piece[: len(part)]
        torch.add(part if self.round is None else self.round(piece.copy_(part)), self.begin, out=piece)


class NextState:
    """f c + i g of real-valued gates and the integers of ``c`` -> the next cell state's index, and a fraction."""

    def __init__(self, kernel: LstmKernel, c: Tensor) -> None:
        cell, base, top = kernel.cell, kernel.tanh_c.base, 1.0 / kernel.sigmoid.step
        self.c, self.last, state = c, highest(cell.cell_bits) + 1 - base, float(-lowest(cell.cell_bits))
        self.keep = rounded_product(cell.keep, 32, top * state, top, c)
        self.update = rounded_product(cell.update, 32, top * top, top * top, c)
        self.requant, self.base = rescaler_(cell.cell, 32, 0.0, c.device), base  # saturates by its index
        self.sum_fits = top * (state * float(cell.keep.real) + top * float(cell.update.real)) + 2 <= highest(32)
        self.new = torch.empty_like(c)
        self.begin, real = c.new_full((), 0.5 - base), float(cell.cell.real)
        self.in_float = self.sum_fits and cell.cell.exact_in_float
        exact = all(scale.exact_in_float for scale in (cell.keep, cell.update))
        self.whole_update = self.in_float and exact and is_whole(cell.update)
        self.whole = self.whole_update and is_whole(cell.keep)
        self.real, self.updated = real, float(cell.update.real) * top * top
        self.kept = float(cell.keep.real) * top

    def __call__(self, i: Tensor, f: Tensor, g: Tensor, out: Tensor) -> Tensor:
        """The index in ``out``, float64; what follows the point is to be dropped."""
        if self.whole:  # whole scales leave nothing to round before the last of them
            torch.addcmul(self.begin, f, self.c, value=self.kept * self.real, out=out)
            out.addcmul_(i, g, value=self.updated * self.real)
            return out.clamp_(0, self.last)
        wide = self.keep(f, self.c, out)
        wide = wide.addcmul_(i, g, value=self.updated) if self.whole_update else wide.add_(self.update(i, g, self.new))
        if self.in_float:
            torch.add(self.begin, wide, alpha=self.real, out=out)
        else:
            self.requant(wide if self.sum_fits else wide.clamp_(lowest(32), highest(32))).sub_(self.base)
        return out.clamp_(0, self.last)


class Output:
    """o tanh(c), real-valued -> h; ``single``: in float32, where that is exact."""

    def __init__(self, kernel: LstmKernel, c: Tensor) -> None:
        cell, worth = kernel.cell, 1 / (kernel.sigmoid.step * kernel.tanh_c.step)
        largest = float(kernel.sigmoid.values.abs().max()) * float(kernel.tanh_c.values.abs().max())
        self.single = holds_in_single(cell.output, largest)
        self.wide = torch.empty_like(c)
        self.product = rounded_product(
            cell.output, cell.act_bits, largest, worth, self.wide.float() if self.single else self.wide
        )

    def __call__(self, o: Tensor, tc: Tensor, h: Tensor) -> None:
        """Write h."""
        if self.single:
            self.product(o, tc, h)
        else:
            h.copy_(self.product(o, self.wide.copy_(tc), self.wide))
