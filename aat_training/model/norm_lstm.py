"""The layer-norm LSTM: the contributions of the input and of h to the gates are each normalised before they are added.

After Ba, Kiros and Hinton (2016), as far as the chip's operator allows: gains without a shift (the bias is added before
the norm), and no norm on the cell state.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aat_training.model.rows import each_row

EPSILON = 2.0**-24  # the square of one step of the chip's gate domain, its smallest difference


class NormLstm(nn.LSTM):
    """norm(w_ih x + b) gain_x + norm(w_hh h) gain_h are the gates; both norms run over all four gates of a step.

    Parameters are those of ``nn.LSTM`` and ``gain_x``, ``gain_h`` (4H,), all in torch's gate order.
    """

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__(inputs, units)
        self.gain_x = nn.Parameter(torch.ones(4 * units))
        self.gain_h = nn.Parameter(torch.ones(4 * units))

    def forward(  # type: ignore[override]
        self, x_TBI: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The outputs (T, B, H) and the last state, as of ``nn.LSTM``, for inputs (T, B, I) and a state of (1, B, H)
        each.
        """
        zeros = x_TBI.new_zeros(x_TBI.shape[1], self.hidden_size)
        h, c = (zeros, zeros) if state is None else (state[0][0], state[1][0])
        outputs = []
        for share in self.norm_x(F.linear(x_TBI, self.weight_ih_l0, self.bias_ih_l0)):
            h, c = self._cell(share, h, c)
            outputs.append(h)
        return torch.stack(outputs), (h[None], c[None])

    def step(self, x_BI: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """One time step."""
        return self._cell(self.norm_x(F.linear(x_BI, self.weight_ih_l0, self.bias_ih_l0)), h, c)

    def _cell(self, share: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        return point_wise(share + self.norm_h(F.linear(h, self.weight_hh_l0)), c)

    def norm_x(self, share: Tensor) -> Tensor:
        """The input's share of the gates (..., 4H)."""
        return normalised(share, self.gain_x)

    def norm_h(self, share: Tensor) -> Tensor:
        """h's share of the gates (..., 4H)."""
        return normalised(share, self.gain_h)


def normalised(share: Tensor, gain: Tensor) -> Tensor:
    """Layer norm of (..., 4H) in float."""
    return F.layer_norm(share, share.shape[-1:], gain, None, EPSILON)


def point_wise(gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """Gates (..., 4H) in torch's order and c (..., H) -> h and c of the next step, in float."""
    i, f, g, o = gates.chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * each_row(torch.tanh, c), c
