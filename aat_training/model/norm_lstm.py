"""The layer-norm LSTM: the input's and h's share of the gates are each normalised before they are added.

After Ba, Kiros and Hinton (2016), as far as the chip's operator goes: gains without a shift (the bias stands before the
norm), and the cell state is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Norm = Callable[[Tensor], Tensor]
EPSILON = 2.0**-24  # the square of one step of the chip's gate domain: what is smaller does not exist there


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
        """As ``nn.LSTM``: (T, B, I) and a state of (1, B, H) each -> (T, B, H) and the last state."""
        zeros = x_TBI.new_zeros(x_TBI.shape[1], self.hidden_size)
        h, c = (zeros, zeros) if state is None else (state[0][0], state[1][0])
        outputs = []
        for share in self._norm_x(F.linear(x_TBI, self.weight_ih_l0, self.bias_ih_l0)):
            h, c = self._cell(share, h, c)
            outputs.append(h)
        return torch.stack(outputs), (h[None], c[None])

    def step(self, x_BI: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """One time step."""
        return self._cell(self._norm_x(F.linear(x_BI, self.weight_ih_l0, self.bias_ih_l0)), h, c)

    def _cell(self, share: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g, o = (share + self._norm_h(F.linear(h, self.weight_hh_l0))).chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    def _norm_x(self, share: Tensor) -> Tensor:
        return normalised(share, self.gain_x)

    def _norm_h(self, share: Tensor) -> Tensor:
        return normalised(share, self.gain_h)


def normalised(share: Tensor, gain: Tensor) -> Tensor:
    """Layer norm of (..., 4H) in float."""
    return F.layer_norm(share, share.shape[-1:], gain, None, EPSILON)


def gains(layer: nn.LSTM) -> tuple[nn.Parameter, ...]:
    """gain_x and gain_h of a layer, or nothing."""
    return (layer.gain_x, layer.gain_h) if isinstance(layer, NormLstm) else ()


def norms(layer: nn.LSTM) -> tuple[Norm, Norm]:
    """What a layer does to the input's and to h's share of its gates before it adds them."""
    return (layer._norm_x, layer._norm_h) if isinstance(layer, NormLstm) else (_unchanged, _unchanged)


def float_step(layer: nn.LSTM, x_BI: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """One time step of either kind of layer."""
    if isinstance(layer, NormLstm):
        return layer.step(x_BI, h, c)
    return torch.lstm_cell(x_BI, (h, c), layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0)


def _unchanged(share: Tensor) -> Tensor:
    return share
