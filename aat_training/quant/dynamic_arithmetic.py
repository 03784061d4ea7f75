"""An int8 CPU: the float model with its matrix products in int8, ranges found at run time, all else in float32."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aat_training.model.arithmetic import Model
from aat_training.model.layer import LayerState, LinearLayer, RecurrentLayer, over_time
from aat_training.model.rows import each_row
from nnasim.numerics.dynamic import Dynamic, channel_quantise, dynamic_product


class DynamicArithmetic:
    """The arithmetic of `cpu_int8`. For decoding only: nothing is trained with it.

    Every vector has a range of its own, so neither chunks nor other utterances of a batch change a bit.
    """

    looks_ahead = True

    def __init__(self) -> None:
        self._weights: dict[tuple[str, torch.device], Dynamic] = {}

    def disturbance(self, device: torch.device) -> float:
        """None: sums of integers are exact, and every vector has its own range."""
        return 0.0

    def quantise_input(self, x: Tensor) -> Tensor:
        """``x`` unchanged: each product finds its operand's range."""
        return x

    def embed(self, model: Model, tokens: Tensor) -> Tensor:
        """Rows of the int8 embedding, in float."""
        rows = self._int8("embedding", model.embedding.weight)
        return nn.functional.embedding(tokens, rows.levels * rows.step)

    def recurrent(
        self, model: Model, layer: RecurrentLayer, x: Tensor, state: LayerState | None
    ) -> tuple[Tensor, LayerState]:
        """(T, B, I) -> (T, B, H), both products of each step in int8."""
        w_ih, w_hh, bias, *_ = layer.parameters
        w_x, w_h = self._int8(f"{layer.name}.wx", w_ih), self._int8(f"{layer.name}.wh", w_hh)

        def step(product: Tensor, state: LayerState) -> LayerState:
            return layer.next_state(layer.input_share(product), dynamic_product(state[0], w_h), state)

        return over_time(dynamic_product(x, w_x, bias), state or layer.start(x), step)

    def project(self, model: Model, layer: LinearLayer, x: Tensor) -> Tensor:
        """A linear layer."""
        return dynamic_product(x, self._int8(layer.product, layer.module.weight), layer.module.bias)

    def joint(self, model: Model, enc: Tensor, pred: Tensor) -> Tensor:
        """output(tanh(enc + pred))."""
        return self.project(model, model.linear("output"), each_row(torch.tanh, enc + pred))

    def real_activation(self, x: Tensor) -> Tensor:
        """Already real."""
        return x

    def _int8(self, name: str, weight: Tensor) -> Dynamic:
        place = name, weight.device
        if place not in self._weights:
            self._weights[place] = channel_quantise(weight.detach())
        return self._weights[place]
