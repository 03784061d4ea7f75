"""The times at which a recogniser knows each word of a transcript: the best path of its CTC head through that
transcript.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torchaudio.functional import forced_align

from aat_training.checkpoint import Checkpoint
from aat_training.data.batches import stacked
from aat_training.data.features import Features
from aat_training.model.rnnt import Rnnt
from aat_training.tokens import BLANK


def words_known(model: Rnnt, checkpoint: Checkpoint, features: Features, text: str) -> list[int] | None:
    """The frame of ``features`` (float32 [T, D]) by which each word of ``text`` is known, rising.

    None if no path exists: no word, one that the model does not know, or more words than encoder outputs. The model
    must have one token per word.
    """
    shape, words = checkpoint.recipe.model, checkpoint.tokens.encode(text)
    frames = stacked(torch.from_numpy(features), shape.stack)
    outputs = len(frames) // shape.reduction
    repeats = sum(this == following for this, following in pairwise(words))
    if not words or len(words) != len(text.split()) or len(words) + repeats > outputs:
        return None
    with torch.no_grad():
        encoded, _ = model.encode(frames[:, None])
        scores = model.ctc_logits(encoded).transpose(0, 1).log_softmax(-1).contiguous()
    path = forced_align(scores, torch.tensor([words]), blank=BLANK)[0][0].tolist()
    before = [BLANK, *path]
    starts = [output for output, token in enumerate(path) if token not in (BLANK, before[output])]
    return [(output + 1) * shape.stack * shape.reduction for output in starts]
