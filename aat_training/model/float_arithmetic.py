"""float32 arithmetic: the accuracy ceiling, and what every other arithmetic starts from."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from aat_training.model.arithmetic import Model
from aat_training.model.layer import LayerState, LinearLayer, RecurrentLayer, over_time


class FloatArithmetic:
    """Plain float. While training, whole sequences go through torch's own LSTM.

    For decoding, every frame is computed by itself with the same shapes, so that the bits do not depend on how the
    audio was cut into chunks. (A BLAS may sum the rows of a long matrix in another order than those of a short one.)
    """

    looks_ahead = True

    def disturbance(self, device: torch.device) -> float:
        """A hundred times the largest change seen, or more: the order of float sums depends on the number of rows."""
        return 2.0**-10

    def quantise_input(self, x: Tensor) -> Tensor:
        """``x`` unchanged."""
        return x

    def embed(self, model: Model, tokens: Tensor) -> Tensor:
        """Rows of the embedding."""
        return model.embedding(tokens)

    def recurrent(
        self, model: Model, layer: RecurrentLayer, x: Tensor, state: LayerState | None
    ) -> tuple[Tensor, LayerState]:
        """(T, B, I) -> (T, B, H)."""
        if model.training:
            return layer.whole(x, state)
        return over_time(x, state or layer.start(x), layer.step)

    def project(self, model: Model, layer: LinearLayer, x: Tensor) -> Tensor:
        """A linear layer; row by row when decoding, for the reason given above."""
        weight, bias = layer.module.weight, layer.module.bias
        if model.training or x.dim() < 3:
            return F.linear(x, weight, bias)
        return torch.stack([F.linear(row, weight, bias) for row in x])

    def joint(self, model: Model, enc: Tensor, pred: Tensor) -> Tensor:
        """output(tanh(enc + pred))."""
        return model.output(torch.tanh(enc + pred))

    def real_activation(self, x: Tensor) -> Tensor:
        """Already real."""
        return x
