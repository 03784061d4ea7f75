"""float32 arithmetic: the accuracy ceiling, and what every other arithmetic starts from."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from aat_training.model.norm_lstm import float_step
from aat_training.model.rnnt import LayerState, Rnnt


class FloatArithmetic:
    """Plain float. While training, whole sequences go through torch's own LSTM.

    For decoding, every frame is computed by itself with the same shapes, so that the bits do not depend on how
    the audio was cut into chunks (a BLAS may sum the rows of a long matrix in another order than those of a short one).
    """

    def quantise_input(self, x: Tensor) -> Tensor:
        """Nothing to do."""
        return x

    def embed(self, model: Rnnt, tokens: Tensor) -> Tensor:
        """Rows of the embedding."""
        return model.embedding(tokens)

    def lstm(self, model: Rnnt, name: str, x: Tensor, state: LayerState | None) -> tuple[Tensor, LayerState]:
        """(T, B, I) -> (T, B, H)."""
        layer = model.lstm(name)
        if model.training:
            whole, (h, c) = layer(x, None if state is None else (state[0][None], state[1][None]))
            return whole, (h[0], c[0])
        zeros = x.new_zeros(x.shape[1], layer.hidden_size)
        h, c = state or (zeros, zeros)
        outputs = []
        for frame in x:
            h, c = float_step(layer, frame, h, c)
            outputs.append(h)
        return torch.stack(outputs) if outputs else x.new_zeros(0, *zeros.shape), (h, c)

    def project(self, model: Rnnt, name: str, x: Tensor) -> Tensor:
        """A linear layer; row by row when decoding, for the reason given above."""
        layer = getattr(model, name)
        if model.training or x.dim() < 3:
            return F.linear(x, layer.weight, layer.bias)
        return torch.stack([F.linear(row, layer.weight, layer.bias) for row in x])

    def joint(self, model: Rnnt, enc: Tensor, pred: Tensor) -> Tensor:
        """output(tanh(enc + pred))."""
        return model.output(torch.tanh(enc + pred))

    def real_activation(self, x: Tensor) -> Tensor:
        """Already real."""
        return x
