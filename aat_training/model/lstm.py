"""The LSTM as a layer, with or without the norms of ``NormLstm``."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aat_training.model.layer import LayerState, RecurrentLayer
from aat_training.model.norm_lstm import NormLstm, point_wise


@dataclass(frozen=True)
class LstmLayer(RecurrentLayer):
    """Four gates and a cell state: its state is h, c."""

    module: nn.LSTM

    @staticmethod
    def initialise(module: nn.LSTM) -> None:
        """Fresh parameters, drawn from torch's global generator."""
        units = module.hidden_size
        with torch.no_grad():
            module.bias_hh_l0.zero_()
            module.bias_ih_l0.zero_()
            module.bias_ih_l0[units : 2 * units] = 1.0  # an open forget gate learns long spans sooner
            for gate in range(4):
                nn.init.orthogonal_(module.weight_hh_l0[gate * units : (gate + 1) * units])
        module.bias_hh_l0.requires_grad_(False)  # one bias per gate, as the chip has

    @property
    def parameters(self) -> list[nn.Parameter]:
        """w_ih (4H, I), w_hh (4H, H), bias (4H,), and gain_x, gain_h (4H,) of a layer that has norms."""
        module = self.module
        gains = (module.gain_x, module.gain_h) if isinstance(module, NormLstm) else ()
        named = (module.get_parameter(name) for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"))
        return [*named, *gains]

    def start(self, x_TBI: Tensor) -> LayerState:
        """Zeros, float32."""
        zeros = torch.zeros(x_TBI.shape[1], self.module.hidden_size, device=x_TBI.device)
        return zeros, zeros

    def whole(self, x_TBI: Tensor, state: LayerState | None) -> tuple[Tensor, LayerState]:
        """torch's own LSTM, or the loop of ``NormLstm``."""
        h_TBH, (h, c) = self.module(x_TBI, None if state is None else (state[0][None], state[1][None]))
        return h_TBH, (h[0], c[0])

    def step(self, x_BI: Tensor, state: LayerState) -> LayerState:
        """The next state, computed as in torch's LSTM cell."""
        module, (h, c) = self.module, state
        if isinstance(module, NormLstm):
            return module.step(x_BI, h, c)
        weights = module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0, module.bias_hh_l0
        return torch.lstm_cell(x_BI, (h, c), *weights)

    def input_share(self, product: Tensor) -> Tensor:
        """Normalised where the layer has norms."""
        return self.module.norm_x(product) if isinstance(self.module, NormLstm) else product

    def next_state(self, x_share: Tensor, h_product: Tensor, state: LayerState) -> LayerState:
        """h and c of the next step."""
        return point_wise(self._gates(x_share, h_product), state[1])

    def observed(self, x_share: Tensor, h_product: Tensor, state: LayerState) -> dict[str, Tensor]:
        """Inputs of the gates' sigmoid and tanh, and the cell state."""
        i, f, g, o = self._gates(x_share, h_product).chunk(4, -1)
        return {"sigmoid": torch.cat([i, f, o], -1), "tanh": g, "cell": state[1]}

    def _gates(self, x_share: Tensor, h_product: Tensor) -> Tensor:
        return x_share + (self.module.norm_h(h_product) if isinstance(self.module, NormLstm) else h_product)
