"""Flat start: a first, crude alignment, as classic recognisers begin with.

A transducer on a small corpus of many words can stay for thousands of steps where it knows the words' frequencies only
(AN4: 1,500 steps at 97 % WER, with and without regularisation). For its first steps the auxiliary CTC head is therefore
also trained by cross entropy on an alignment made from the loudness alone: the time between the first and the last loud
frame is divided evenly among the words, and each word is due in the second half of its share.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from aat_training.tokens import BLANK

IGNORED = -100


def loudness(x_TBF: Tensor, kind: str, stack: int, reduction: int) -> Tensor:
    """Stacked features (T, B, F) -> loudness per encoder output (S, B): mean log-mel energy, or the zeroth cepstrum."""
    frames, batch, _ = x_TBF.shape
    by_frame = x_TBF.view(frames, batch, stack, -1)
    level = by_frame.mean((2, 3)) if kind == "logmel" else by_frame[..., 0].mean(2)
    steps = frames // reduction
    return level[: steps * reduction].view(steps, reduction, batch).mean(1)


def _labels(level_S: Tensor, tokens: list[int]) -> Tensor:
    """Labels (S,) of one utterance: a token, the blank outside of the speech, or IGNORED."""
    threshold = (torch.quantile(level_S, 0.1) + torch.quantile(level_S, 0.95)) / 2
    loud = (level_S > threshold).nonzero()[:, 0]
    labels = torch.full((len(level_S),), BLANK)
    if not len(loud) or not tokens:
        return labels
    first, last = int(loud[0]), int(loud[-1]) + 1
    labels[first : last + 1] = IGNORED
    share = (last - first) / len(tokens)
    for number, token in enumerate(tokens):
        start, end = first + (number + 0.5) * share, first + (number + 1) * share
        labels[int(start) : max(int(start) + 1, int(end))] = token
    return labels


def flat_start_loss(
    ctc_logits_SBV: Tensor, level_SB: Tensor, lengths: Tensor, tokens_BU: Tensor, token_lengths: Tensor
) -> Tensor:
    """Cross entropy of the CTC head on the flat alignment, per utterance (a scalar)."""
    labels_SB = torch.full(ctc_logits_SBV.shape[:2], IGNORED)
    for row, (length, count) in enumerate(zip(lengths.tolist(), token_lengths.tolist(), strict=True)):
        labels_SB[:length, row] = _labels(level_SB[:length, row], tokens_BU[row, :count].tolist())
    return F.cross_entropy(
        ctc_logits_SBV.flatten(0, 1),
        labels_SB.flatten().to(ctc_logits_SBV.device),
        ignore_index=IGNORED,
        reduction="sum",
    ) / len(lengths)
