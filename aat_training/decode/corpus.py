"""A whole corpus decoded in batches: the words and calls of streaming greedy decoding, several times as fast."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from aat_training.config import Recipe
from aat_training.data.batches import Example, stacked
from aat_training.data.text import normalised
from aat_training.decode.batch import decoded_as, greedy_batch
from aat_training.decode.greedy import Decoded, GreedyDecoder
from aat_training.model.rnnt import Rnnt
from aat_training.tokens import Tokens

BATCH = 32


def decode_corpus(
    model: Rnnt, examples: list[Example], recipe: Recipe, tokens: Tokens, batch: int = BATCH
) -> list[tuple[str, str]]:
    """(reference, hypothesis) of each example, in the order given: the words of streaming."""
    model.eval()
    by_length = sorted(range(len(examples)), key=lambda index: len(examples[index].x_TD))
    hypotheses: dict[int, str] = {}
    for start in range(0, len(by_length), batch):
        picked = by_length[start : start + batch]
        frames = [stacked(examples[index].x_TD, recipe.model.stack) for index in picked]
        hypotheses |= {
            index: normalised(tokens.decode(decoded.tokens), recipe.text)
            for index, decoded in zip(picked, decode_together(model, frames, recipe.model.max_symbols), strict=True)
        }
    return [(example.text, hypotheses[index]) for index, example in enumerate(examples)]


def decode_together(model: Rnnt, frames: list[Tensor], max_symbols: int) -> list[Decoded]:
    """The decoding of each utterance of stacked ``frames`` (T, F), as ``GreedyDecoder`` makes it, all at once.

    An utterance is decoded again, alone, where those beside it might have given it another symbol.
    """
    if len(frames) == 1 or model.arithmetic.disturbance(model.device) == float("inf"):
        return [_alone(model, x_TF, max_symbols) for x_TF in frames]
    longest, reduction = max(map(len, frames)), model.shape.reduction
    padded_TBF = torch.stack([pad(x_TF, (0, 0, 0, longest - len(x_TF))) for x_TF in frames], dim=1)
    lengths = [len(x_TF) // reduction for x_TF in frames]
    found = greedy_batch(model, padded_TBF.to(model.device), lengths, max_symbols)
    return [
        _alone(model, x_TF, max_symbols) if symbols.doubtful else decoded_as(symbols, len(x_TF), reduction, max_symbols)
        for symbols, x_TF in zip(found, frames, strict=True)
    ]


def _alone(model: Rnnt, x_TF: Tensor, max_symbols: int) -> Decoded:
    decoder = GreedyDecoder(model, max_symbols)
    decoder.feed(x_TF)
    return decoder.decoded
