"""A GRU as a layer: what a new kind says of itself."""

from dataclasses import dataclass

import torch
from torch import nn

from aat_training.model.layer import RecurrentLayer


@dataclass(frozen=True)
class GruLayer(RecurrentLayer):
    """Reset and update gates; its state is h alone. The bias of h's product is zero, as an LSTM's here."""

    module: nn.GRU

    @property
    def parameters(self):
        named = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0"
        return [self.module.get_parameter(name) for name in named]

    def start(self, x_TBI):
        return (torch.zeros(x_TBI.shape[1], self.module.hidden_size),)

    def whole(self, x_TBI, state):
        h_TBH, h = self.module(x_TBI, None if state is None else state[0][None])
        return h_TBH, (h[0],)

    def step(self, x_BI, state):
        w_ih, w_hh, bias = self.parameters
        return self.next_state(x_BI @ w_ih.T + bias, state[0] @ w_hh.T, state)

    def input_share(self, product):
        return product

    def next_state(self, x_share, h_product, state):
        gates, new, units = x_share + h_product, x_share.chunk(3, -1)[2], self.module.hidden_size
        reset, update = gates[..., : 2 * units].sigmoid().chunk(2, -1)
        new = (new + reset * h_product[..., 2 * units :]).tanh()
        return ((1 - update) * new + update * state[0],)

    def observed(self, x_share, h_product, state):
        return {"gates": (x_share + h_product)[..., : 2 * self.module.hidden_size], "h": state[0]}
