"""Parameters of the RNN-T and the order in which they are used; how each step computes is the arithmetic's.

Tensors are named by shape: B utterances, T input frames, S encoder outputs, U symbols, J joint units, V outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from aat_training.devices import device_of
from aat_training.model.arithmetic import Arithmetic
from aat_training.model.layer import LayerState, LinearLayer
from aat_training.model.lstm import LstmLayer
from aat_training.model.norm_lstm import NormLstm
from workloads.rnnt.shapes import RnntShape

LINEAR = "joint_enc", "joint_pred", "output"  # what the chip has of the linear layers


@dataclass
class EncoderState:
    """The state that the encoder carries from chunk to chunk: the state of each layer, and frames that wait to be
    stacked.
    """

    layers: dict[str, LayerState] = field(default_factory=dict)
    waiting: Tensor | None = None


class Rnnt(nn.Module):
    """All parameters of one recogniser, with the normalisation of its features as buffers.

    ``arithmetic`` decides what the forward pass computes: float, the chip's integers, or the mixed CPU fall-back.
    """

    def __init__(self, shape: RnntShape, arithmetic: Arithmetic) -> None:
        super().__init__()
        self.shape, self.arithmetic = shape, arithmetic
        self.register_buffer("feature_mean", torch.zeros(shape.input_features))
        self.register_buffer("feature_scale", torch.ones(shape.input_features))
        units = shape.encoder_units
        self.before, self.after = map(list, shape.encoder_layers)
        self.prediction = list(shape.lstm_layers[len(self.before) + len(self.after) :])
        self.layers, kind = nn.ModuleDict(), NormLstm if shape.layer_norm else nn.LSTM
        for number, name in enumerate(self.before):
            self.layers[name] = kind(units if number else shape.input_features, units)
        for number, name in enumerate(self.after):
            self.layers[name] = kind(units if number else units * shape.reduction, units)
        for number, name in enumerate(self.prediction):
            inputs = shape.prediction_units if number else shape.embedding
            self.layers[name] = kind(inputs, shape.prediction_units)
        self.embedding = nn.Embedding(shape.outputs, shape.embedding)
        self.joint_enc = nn.Linear(units, shape.joint_units)
        self.joint_pred = nn.Linear(shape.prediction_units, shape.joint_units, bias=False)
        self.output = nn.Linear(shape.joint_units, shape.outputs)
        self.ctc = nn.Linear(units, shape.outputs)
        self._initialise()

    def _initialise(self) -> None:
        nn.init.normal_(self.embedding.weight, std=0.5)
        for name in self.recurrent_names:
            LstmLayer.initialise(self.recurrent(name).module)

    @property
    def device(self) -> torch.device:
        """The device of the parameters."""
        return device_of(self)

    @property
    def recurrent_names(self) -> list[str]:
        """Names of all layers that have a state, in the order in which they run."""
        return [*self.before, *self.after, *self.prediction]

    def recurrent(self, name: str) -> LstmLayer:
        """The layer ``name`` that has a state."""
        module = self.layers[name]
        assert isinstance(module, nn.LSTM)
        return LstmLayer(name, module)

    def linear(self, name: str) -> LinearLayer:
        """The layer ``name`` of ``LINEAR``."""
        return LinearLayer(name, getattr(self, name))

    def encode(
        self,
        x_TBF: Tensor,
        state: EncoderState | None = None,
        between: Callable[[Tensor], Tensor] | None = None,
    ) -> tuple[Tensor, EncoderState]:
        """The encoder's output (S, B, units) for stacked real features (T, B, F), and its next state.

        ``between``: applied to the output of every layer but the last (dropout while training).
        """
        state = state or EncoderState()
        fresh = EncoderState()
        x = self.arithmetic.quantise_input((x_TBF - self.feature_mean) * self.feature_scale)
        for name in self.before:
            x, fresh.layers[name] = self.arithmetic.recurrent(self, self.recurrent(name), x, state.layers.get(name))
            x = between(x) if between and (self.after or name != self.before[-1]) else x
        if self.after:
            x, fresh.waiting = self._reduce(x, state.waiting)
            for name in self.after:
                x, fresh.layers[name] = self.arithmetic.recurrent(self, self.recurrent(name), x, state.layers.get(name))
                x = between(x) if between and name != self.after[-1] else x
        return x, fresh

    def _reduce(self, x_TBH: Tensor, waiting: Tensor | None) -> tuple[Tensor, Tensor]:
        """``reduction`` consecutive frames stacked; a rest waits for the next chunk."""
        x = x_TBH if waiting is None else torch.cat([waiting, x_TBH])
        steps, (batch, units), r = x.shape[0] // self.shape.reduction, x.shape[1:], self.shape.reduction
        whole = x[: steps * r].view(steps, r, batch, units).transpose(1, 2).reshape(steps, batch, r * units)
        return whole, x[steps * r :]

    def predict(
        self, tokens_UB: Tensor, state: dict[str, LayerState] | None = None, keep_UB: Tensor | None = None
    ) -> tuple[Tensor, dict[str, LayerState]]:
        """Tokens (U, B) -> prediction output (U, B, units). ``keep_UB``: 0 where a token's embedding is left out."""
        fresh: dict[str, LayerState] = {}
        x = self.arithmetic.embed(self, tokens_UB)
        if keep_UB is not None:
            x = x * keep_UB[..., None]
        for name in self.prediction:
            x, fresh[name] = self.arithmetic.recurrent(self, self.recurrent(name), x, (state or {}).get(name))
        return x, fresh

    def project_encoder(self, x: Tensor) -> Tensor:
        """Encoder output (..., units) -> the joint's input (..., J)."""
        return self.arithmetic.project(self, self.linear("joint_enc"), x)

    def project_prediction(self, x: Tensor) -> Tensor:
        """Prediction output (..., units) -> the joint's input (..., J)."""
        return self.arithmetic.project(self, self.linear("joint_pred"), x)

    def logits(self, enc: Tensor, pred: Tensor) -> Tensor:
        """Projections, broadcast against each other (..., J) -> real-valued logits (..., V)."""
        return self.arithmetic.joint(self, enc, pred)

    def ctc_logits(self, x: Tensor) -> Tensor:
        """Encoder output -> logits of the auxiliary CTC head, float in every arithmetic: it never reaches the chip."""
        return self.ctc(self.arithmetic.real_activation(x))
