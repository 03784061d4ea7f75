"""An int8 CPU: the float model with its matrix products in int8, ranges found at run time, all else in float32."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aat_training.model.norm_lstm import norms
from aat_training.model.rnnt import LayerState, Rnnt
from nnasim.numerics.dynamic import Dynamic, channel_quantise, dynamic_product


class DynamicArithmetic:
    """How `cpu_int8` decodes. For decoding only: nothing is trained with it.

    Every vector has a range of its own, so neither chunks nor the company of other utterances change a bit.
    """

    def __init__(self) -> None:
        self._weights: dict[str, Dynamic] = {}

    def quantise_input(self, x: Tensor) -> Tensor:
        """Nothing to do: each product finds its operand's range."""
        return x

    def embed(self, model: Rnnt, tokens: Tensor) -> Tensor:
        """Rows of the int8 embedding, in float."""
        rows = self._int8("embedding", model.embedding.weight)
        return nn.functional.embedding(tokens, rows.levels * rows.step)

    def lstm(self, model: Rnnt, name: str, x: Tensor, state: LayerState | None) -> tuple[Tensor, LayerState]:
        """(T, B, I) -> (T, B, H), both products of each step in int8."""
        layer = model.lstm(name)
        zeros = x.new_zeros(x.shape[1], layer.hidden_size)
        h, c = state or (zeros, zeros)
        norm_x, norm_h = norms(layer)
        shares = dynamic_product(x, self._int8(f"{name}.wx", layer.weight_ih_l0), layer.bias_ih_l0)
        w_hh = self._int8(f"{name}.wh", layer.weight_hh_l0)
        outputs = []
        for share in shares:
            i, f, g, o = (norm_x(share) + norm_h(dynamic_product(h, w_hh))).chunk(4, -1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            outputs.append(h)
        return torch.stack(outputs) if outputs else x.new_zeros(0, *zeros.shape), (h, c)

    def project(self, model: Rnnt, name: str, x: Tensor) -> Tensor:
        """A linear layer."""
        return self._linear(name, getattr(model, name), x)

    def joint(self, model: Rnnt, enc: Tensor, pred: Tensor) -> Tensor:
        """output(tanh(enc + pred))."""
        return self._linear("output", model.output, torch.tanh(enc + pred))

    def real_activation(self, x: Tensor) -> Tensor:
        """Already real."""
        return x

    def _linear(self, name: str, layer: nn.Linear, x: Tensor) -> Tensor:
        return dynamic_product(x, self._int8(name, layer.weight), layer.bias)

    def _int8(self, name: str, weight: Tensor) -> Dynamic:
        if name not in self._weights:
            self._weights[name] = channel_quantise(weight.detach())
        return self._weights[name]
