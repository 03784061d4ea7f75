"""The bundled recogniser as plain torch modules, as anybody would write a transducer: one graph of decoding each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from aat_training.model.rnnt import Rnnt

State = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Part:
    """A module, what one call of it gets, and which outputs the next call finds where."""

    module: nn.Module
    example: tuple[Any, ...]
    states: Mapping[str, int | str] = field(default_factory=dict)


class Encoder(nn.Module):
    """One stacked frame (1, 1, F) through the layers before the reduction; its output joins the last ones."""

    def __init__(self, layers: nn.ModuleDict) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor, state: list[State], stack: Tensor) -> tuple[Tensor, list[State]]:
        after = []
        for layer, before in zip(self.layers.values(), state, strict=True):
            x, last = layer(x, before)
            after.append(last)
        return torch.cat([stack[1:], x[0]]), after


class EncoderTop(nn.Module):
    """Stacked outputs (reduction, units) through the layers behind it, to what the joint adds."""

    def __init__(self, layers: nn.ModuleDict, joint_enc: nn.Linear) -> None:
        super().__init__()
        self.layers, self.joint_enc = layers, joint_enc

    def forward(self, stack: Tensor, state: list[State]) -> tuple[Tensor, list[State]]:
        x, after = stack.view(1, 1, -1), []
        for layer, before in zip(self.layers.values(), state, strict=True):
            x, last = layer(x, before)
            after.append(last)
        return self.joint_enc(x[0]), after


class Prediction(nn.Module):
    """A symbol (1, 1) to what the joint adds."""

    def __init__(self, embedding: nn.Embedding, layers: nn.ModuleDict, joint_pred: nn.Linear) -> None:
        super().__init__()
        self.embedding, self.layers, self.joint_pred = embedding, layers, joint_pred

    def forward(self, y: Tensor, state: list[State]) -> tuple[Tensor, list[State]]:
        x, after = self.embedding(y), []
        for layer, before in zip(self.layers.values(), state, strict=True):
            x, last = layer(x, before)
            after.append(last)
        return self.joint_pred(x[0]), after


class Joint(nn.Module):
    """Both projections (1, J) to the symbol with the largest logit."""

    def __init__(self, output: nn.Linear) -> None:
        super().__init__()
        self.output = output

    def forward(self, encoder_out: Tensor, decoder_out: Tensor) -> Tensor:
        return self.output(torch.tanh(encoder_out + decoder_out)).argmax(-1)


def parts(model: Rnnt) -> dict[str, Part]:
    """The graphs of ``model`` by the names that its own traces have for them."""
    shape, units = model.shape, model.shape.encoder_units
    before, after, prediction = (_layers(model, names) for names in (model.before, model.after, model.prediction))
    stack = torch.zeros(shape.reduction, units)
    return {
        "encoder": Part(
            Encoder(before), (torch.zeros(1, 1, shape.input_features), _zeros(before), stack), {"state": 1, "stack": 0}
        ),
        "encoder_top": Part(EncoderTop(after, model.joint_enc), (stack, _zeros(after)), {"state": 1}),
        "prediction": Part(
            Prediction(model.embedding, prediction, model.joint_pred),
            (torch.zeros(1, 1, dtype=torch.int64), _zeros(prediction)),
            {"state": 1},
        ),
        "joint": Part(Joint(model.output), (torch.zeros(1, shape.joint_units), torch.zeros(1, shape.joint_units))),
    }


def _layers(model: Rnnt, names: list[str]) -> nn.ModuleDict:
    return nn.ModuleDict({name: model.layers[name] for name in names})


def _zeros(layers: nn.ModuleDict) -> list[State]:
    sizes = [layer.hidden_size for layer in layers.values()]
    return [(torch.zeros(1, 1, size), torch.zeros(1, 1, size)) for size in sizes]
