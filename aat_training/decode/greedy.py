"""Greedy streaming decoding of one utterance."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from aat_training.devices import on
from aat_training.model.layer import LayerState
from aat_training.model.rnnt import EncoderState, Rnnt
from aat_training.tokens import BLANK


@dataclass
class Decoded:
    """Tokens of one utterance and the calls that produced them, in order.

    ``call_frames`` and ``emissions`` count input (stacked) frames, as ``ir.trace.Utterance`` does.
    """

    tokens: list[int] = field(default_factory=list)
    emissions: list[int] = field(default_factory=list)
    call_graphs: list[str] = field(default_factory=list)
    call_frames: list[int] = field(default_factory=list)
    logits: list[Tensor] | None = None

    def called(self, graph: str, frame: int) -> None:
        """Note one call."""
        self.call_graphs.append(graph)
        self.call_frames.append(frame)


class GreedyDecoder:
    """A decoder that keeps h, c and the last symbol from chunk to chunk: where chunks are cut changes nothing."""

    def __init__(self, model: Rnnt, max_symbols: int, *, keep_logits: bool = False) -> None:
        self.model, self.max_symbols = model, max_symbols
        self.decoded = Decoded(logits=[] if keep_logits else None)
        self._encoder: EncoderState | None = None
        self._prediction: dict[str, LayerState] | None = None
        self._frames = 0
        self._waiting = 0
        self._projected: Tensor | None = None

    def feed(self, x_TF: Tensor) -> list[int]:
        """The tokens that a chunk of stacked features (T, F) brings."""
        before = len(self.decoded.tokens)
        with torch.no_grad():
            if self._projected is None:
                self._predict(BLANK, 0)
            encoded, self._encoder = self.model.encode(on(x_TF[:, None], self.model.device), self._encoder)
            outputs = iter(self.model.project_encoder(encoded)[:, 0]) if len(encoded) else iter(())
            for _ in range(len(x_TF)):
                self._step(outputs)
        return self.decoded.tokens[before:]

    def _step(self, outputs: object) -> None:
        frame, self._frames = self._frames, self._frames + 1
        self.decoded.called("encoder", frame)
        self._waiting = (self._waiting + 1) % self.model.shape.reduction
        if self._waiting == 0:
            if self.model.shape.reduction > 1:
                self.decoded.called("encoder_top", frame)
            self._emit(next(outputs), frame)  # type: ignore[call-overload]

    def _emit(self, enc_J: Tensor, frame: int) -> None:
        for _ in range(self.max_symbols):
            self.decoded.called("joint", frame)
            assert self._projected is not None
            logits = self.model.logits(enc_J[None], self._projected)[0]
            if self.decoded.logits is not None:
                self.decoded.logits.append(logits)
            token = int(logits.argmax())
            if token == BLANK:
                return
            self.decoded.tokens.append(token)
            self.decoded.emissions.append(frame)
            self._predict(token, frame)

    def _predict(self, token: int, frame: int) -> None:
        self.decoded.called("prediction", frame)
        out, self._prediction = self.model.predict(on([[token]], self.model.device), self._prediction)
        self._projected = self.model.project_prediction(out[0])
