"""A whole corpus decoded in batches: the words of streaming greedy decoding, several times as fast."""

from __future__ import annotations

import torch

from aat_training.config import Recipe
from aat_training.data.batches import Example, collate
from aat_training.data.text import normalised
from aat_training.decode.greedy import greedy_batch
from aat_training.model.rnnt import Rnnt
from aat_training.tokens import Tokens

BATCH = 32


@torch.no_grad()
def decode_corpus(
    model: Rnnt, examples: list[Example], recipe: Recipe, tokens: Tokens, batch: int = BATCH
) -> list[tuple[str, str]]:
    """(reference, hypothesis) of each example, in the order given.

    Chip arithmetic gives the integers of streaming; float sums may differ from it in their last bit.
    """
    model.eval()
    by_length = sorted(range(len(examples)), key=lambda index: len(examples[index].x_TD))
    hypotheses: dict[int, str] = {}
    for start in range(0, len(by_length), batch):
        picked = by_length[start : start + batch]
        part = [examples[index] for index in picked]
        padded = collate([e.x_TD for e in part], [e.tokens for e in part], recipe.model.stack, recipe.model.reduction)
        sequences = greedy_batch(
            model, padded.x_TBF.to(model.device), padded.lengths.tolist(), recipe.model.max_symbols
        )
        hypotheses |= {
            index: normalised(tokens.decode(ids), recipe.text) for index, ids in zip(picked, sequences, strict=True)
        }
    return [(example.text, hypotheses[index]) for index, example in enumerate(examples)]
