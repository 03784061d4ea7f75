"""Greedy streaming decoding of one utterance, and a batched form for dev scores while training."""

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
    """Carries h, c and the last symbol from chunk to chunk; the chunks' cuts change nothing."""

    def __init__(self, model: Rnnt, max_symbols: int, *, keep_logits: bool = False) -> None:
        self.model, self.max_symbols = model, max_symbols
        self.decoded = Decoded(logits=[] if keep_logits else None)
        self._encoder: EncoderState | None = None
        self._prediction: dict[str, LayerState] | None = None
        self._frames = 0
        self._waiting = 0
        self._projected: Tensor | None = None

    def feed(self, x_TF: Tensor) -> list[int]:
        """Stacked features of a chunk (T, F) -> the tokens it brought."""
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


WINDOW = 8  # encoder outputs that one joint step looks at ahead, where that changes no bit


@torch.no_grad()
def greedy_batch(model: Rnnt, x_TBF: Tensor, lengths: list[int], max_symbols: int) -> list[list[int]]:
    """The tokens of each utterance of padded features (T, B, F) with ``lengths`` in encoder outputs.

    Every utterance advances by itself, to the next output at which it has a symbol: so there are as many rounds as the
    busiest one has symbols and windows, not as many as outputs. After Bataev et al., "Label-looping" (2024).
    """
    encoded, _ = model.encode(x_TBF)
    enc_BSJ = model.project_encoder(encoded).transpose(0, 1).contiguous()
    batch, window = x_TBF.shape[1], WINDOW if model.arithmetic.by_row else 1
    device = x_TBF.device
    rows_B, ahead_W = torch.arange(batch).to(device), torch.arange(window).to(device)
    lengths_B = torch.tensor(lengths).to(device)
    place_B, symbols_B = torch.zeros_like(lengths_B), torch.zeros_like(lengths_B)
    tokens: list[list[int]] = [[] for _ in range(batch)]
    out, state = model.predict(torch.full((1, batch), BLANK, device=device))
    pred_BJ = model.project_prediction(out[0])
    while bool((place_B < lengths_B).any()):
        places_BW = place_B[:, None] + ahead_W
        best_BW = _best(model, enc_BSJ[rows_B[:, None], places_BW.clamp_max(enc_BSJ.shape[1] - 1)], pred_BJ)
        speaks_BW = (best_BW != BLANK) & (places_BW < lengths_B[:, None])
        emits_B, first_B = speaks_BW.any(1), speaks_BW.int().argmax(1)
        passed_B = torch.where(emits_B, first_B, window)
        place_B, symbols_B = place_B + passed_B, symbols_B * (passed_B == 0)
        if not bool(emits_B.any()):
            continue
        best_B = best_BW[rows_B, first_B]
        for row, token in zip(emits_B.nonzero()[:, 0].tolist(), best_B[emits_B].tolist(), strict=True):
            tokens[row].append(token)
        symbols_B = symbols_B + emits_B
        full_B = symbols_B == max_symbols
        place_B, symbols_B = place_B + full_B, symbols_B * ~full_B
        out, fresh = model.predict(best_B[None], state)
        pred_BJ = torch.where(emits_B[:, None], model.project_prediction(out[0]), pred_BJ)
        state = {
            name: tuple(torch.where(emits_B[:, None], *parts) for parts in zip(new, state[name], strict=True))
            for name, new in fresh.items()
        }
    return tokens


def _best(model: Rnnt, enc_BWJ: Tensor, pred_BJ: Tensor) -> Tensor:
    """The best symbol (B, W) of each utterance at each of its next outputs; the joint sees plain rows."""
    batch, window, units = enc_BWJ.shape
    pred = pred_BJ if window == 1 else pred_BJ[:, None].expand(enc_BWJ.shape).reshape(-1, units)
    return model.logits(enc_BWJ.reshape(-1, units), pred).argmax(-1).view(batch, window)
