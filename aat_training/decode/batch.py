"""Greedy decoding of several utterances at once: the symbols of each, and the calls of decoding it alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from aat_training.decode.greedy import Decoded
from aat_training.model.rnnt import Rnnt
from aat_training.tokens import BLANK

WINDOW = 8  # encoder outputs that one joint step looks at ahead, where that changes no bit


@dataclass
class Symbols:
    """The decoding of an utterance: its ``tokens``, and the encoder output at which each of them left.

    ``doubtful``: at some output the two best symbols were so near that decoding it alone might give the other one.
    """

    tokens: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    doubtful: bool = False


@torch.no_grad()
def greedy_batch(model: Rnnt, x_TBF: Tensor, lengths: list[int], max_symbols: int) -> list[Symbols]:
    """The symbols of each utterance of padded features (T, B, F) with ``lengths`` in encoder outputs.

    Every utterance advances by itself, to the next output at which it has a symbol: so there are as many rounds as the
    busiest one has symbols and windows, not as many as outputs. After Bataev et al., "Label-looping" (2024).
    """
    found = [Symbols() for _ in lengths]
    if not any(lengths):
        return found
    encoded, _ = model.encode(x_TBF)
    enc_BSJ = model.project_encoder(encoded).transpose(0, 1).contiguous()
    batch, window = x_TBF.shape[1], WINDOW if model.arithmetic.looks_ahead else 1
    device = x_TBF.device
    rows_B, ahead_W = torch.arange(batch).to(device), torch.arange(window).to(device)
    lengths_B = torch.tensor(lengths).to(device)
    place_B, symbols_B = torch.zeros_like(lengths_B), torch.zeros_like(lengths_B)
    doubtful_B, share = torch.zeros_like(lengths_B, dtype=torch.bool), model.arithmetic.disturbance(device)
    out, state = model.predict(torch.full((1, batch), BLANK, device=device))
    pred_BJ = model.project_prediction(out[0])
    while bool((place_B < lengths_B).any()):
        places_BW = place_B[:, None] + ahead_W
        logits = _logits(model, enc_BSJ[rows_B[:, None], places_BW.clamp_max(enc_BSJ.shape[1] - 1)], pred_BJ)
        best_BW, inside_BW = logits.argmax(-1), places_BW < lengths_B[:, None]
        speaks_BW = (best_BW != BLANK) & inside_BW
        emits_B, first_B = speaks_BW.any(1), speaks_BW.int().argmax(1)
        passed_B = torch.where(emits_B, first_B, window)
        if share:
            decided_BW = inside_BW & (ahead_W <= passed_B[:, None])
            doubtful_B |= (_near(logits, share) & decided_BW).any(1)
        place_B, symbols_B = place_B + passed_B, symbols_B * (passed_B == 0)
        if not bool(emits_B.any()):
            continue
        best_B = best_BW[rows_B, first_B]
        emitted = (part[emits_B].tolist() for part in (rows_B, best_B, place_B))
        for row, token, output in zip(*emitted, strict=True):
            found[row].tokens.append(token)
            found[row].outputs.append(output)
        symbols_B = symbols_B + emits_B
        full_B = symbols_B == max_symbols
        place_B, symbols_B = place_B + full_B, symbols_B * ~full_B
        out, fresh = model.predict(best_B[None], state)
        pred_BJ = torch.where(emits_B[:, None], model.project_prediction(out[0]), pred_BJ)
        state = {
            name: tuple(torch.where(emits_B[:, None], *parts) for parts in zip(new, state[name], strict=True))
            for name, new in fresh.items()
        }
    for symbols, doubtful in zip(found, doubtful_B.tolist(), strict=True):
        symbols.doubtful = doubtful
    return found


def _logits(model: Rnnt, enc_BWJ: Tensor, pred_BJ: Tensor) -> Tensor:
    """Logits (B, W, V) of each utterance at each of its next outputs; the joint sees plain rows."""
    batch, window, units = enc_BWJ.shape
    pred = pred_BJ if window == 1 else pred_BJ[:, None].expand(enc_BWJ.shape).reshape(-1, units)
    return model.logits(enc_BWJ.reshape(-1, units), pred).view(batch, window, -1)


def _near(logits: Tensor, share: float) -> Tensor:
    """Whether the best logit is within ``share`` of the largest magnitude from the next (...)."""
    best = logits.topk(2, -1).values
    return ~(best[..., 0] - best[..., 1] > 2 * share * logits.abs().amax(-1))  # true for NaN too


def decoded_as(symbols: Symbols, frames: int, reduction: int, max_symbols: int) -> Decoded:
    """The record that ``GreedyDecoder`` makes of an utterance of ``frames`` in which it finds ``symbols``."""
    decoded, emitted = Decoded(), 0
    decoded.called("prediction", 0)
    for frame in range(frames):
        decoded.called("encoder", frame)
        output, waits = divmod(frame + 1, reduction)
        if waits:
            continue
        if reduction > 1:
            decoded.called("encoder_top", frame)
        here = 0
        while emitted < len(symbols.tokens) and symbols.outputs[emitted] == output - 1:
            decoded.called("joint", frame)
            decoded.tokens.append(symbols.tokens[emitted])
            decoded.emissions.append(frame)
            decoded.called("prediction", frame)
            emitted, here = emitted + 1, here + 1
        if here < max_symbols:
            decoded.called("joint", frame)
    return decoded
