"""The point-wise half of the backward loop in PyTorch: what needs no d loss is made before, for many steps at once."""

from __future__ import annotations

import torch
from torch import Tensor

from aat_training.quant.lstm_kernel import LstmKernel
from aat_training.quant.lstm_trail import Trail, tables

PIECE = 1 << 18  # factors of d z that are made at once: a cache holds them until their step comes


class TorchBackward:
    """One step's point-wise half, in buffers and by views made once.

    ``state``: d c and d h of one step (2, B, H), side by side: one product takes both to what they add to d c.
    """

    def __init__(self, kernel: LstmKernel, trail: Trail, c0: Tensor, state: Tensor, dz_TBG: Tensor) -> None:
        self.kernel, self.trail, self.c0, self.made = kernel, trail, c0, range(0)
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
        self.left = state.new_ones(batch, units)  # of d c by the step after: there is none yet

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
            self.dc.mul_(self.left)

    def _make(self, last: int) -> None:
        """Make the factors of step ``last`` and of some before it.

        The mask of d c, 0 where c saturated, is a part of every factor that d c meets: being 0 or 1 it changes no bit.
        """
        first = max(0, last + 1 - len(self.into_c))
        self.made = range(first, last + 1)
        into_gates, into_c = (buffer[: len(self.made)] for buffer in (self.into_gates, self.into_c))
        values = self._values(first, last + 1)
        i, f, o, g = values["gates"].view(into_gates.shape).unbind(2)
        inside, slopes = values["c_inside"], values["slopes"].view(into_gates.shape)
        for number, beside in enumerate((g, self._before(first, last), values["tc"], i)):
            into = torch.mul(slopes[:, :, number], beside, out=into_gates[:, :, number])
            if number != 2:
                into.mul_(inside)
        torch.mul(o, values["c_slopes"], out=into_c[:, 1])
        torch.mul(f[1:], inside[1:], out=into_c[:-1, 0])
        into_c[-1, 0].copy_(self.left)
        self.left = f[0] * inside[0]

    def _values(self, first: int, end: int) -> dict[str, Tensor]:
        """The trail's fields of these steps, sliced, or looked up where steps in PyTorch left indices."""
        trail, values = self.trail, {}
        for index, fields in zip((trail.index, trail.c_index), tables(self.kernel), strict=True):
            for name, table in fields.items():
                if index is None:
                    values[name] = getattr(trail, name)[first:end]
                elif name != "c":
                    values[name] = _looked_up(table, index[first:end])
        return values

    def _before(self, first: int, last: int) -> Tensor:
        """The cell state that each of these steps found."""
        trail, begin = self.trail, max(0, first - 1)
        index, table = trail.c_index, self.kernel.cell_states
        c = trail.c[begin:last] if index is None else _looked_up(table, index[begin:last])
        return c if first else torch.cat([self.c0[None], c])


def _looked_up(table: Tensor, index: Tensor) -> Tensor:
    return table.index_select(0, index.view(-1)).view(index.shape)
