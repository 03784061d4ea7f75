"""Emission delay: how long after a word was spoken its symbol leaves the decoder.

Only symbols that are right can be late: hypothesis and reference are aligned first, and pairs that agree count. When a
word was spoken comes from the manifest's side file, else from a forced alignment on the auxiliary CTC head.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torchaudio.functional import forced_align

from aat_training.checkpoint import Checkpoint
from aat_training.data.batches import stacked
from aat_training.data.features import features_of
from aat_training.data.manifest import Entry
from aat_training.model.rnnt import Rnnt
from aat_training.tokens import BLANK

_NOTHING = "\0"


def matched_delays(
    reference: Sequence[str], ends: Sequence[float], hypothesis: Sequence[str], emitted: Sequence[float]
) -> list[float]:
    """Seconds from each word's end to its emission, of the words that were recognised.

    ``ends[i]`` [s]: when ``reference[i]`` was spoken; ``emitted[j]`` [s]: when ``hypothesis[j]`` left.
    """
    from kaldialign import align

    delays, i, j = [], 0, 0
    for reference_word, hypothesis_word in align(list(reference), list(hypothesis), _NOTHING):
        if reference_word == hypothesis_word:
            delays.append(emitted[j] - ends[i])
        i, j = i + (reference_word != _NOTHING), j + (hypothesis_word != _NOTHING)
    return delays


@torch.no_grad()
def ctc_ends(model: Rnnt, checkpoint: Checkpoint, entry: Entry, tokens: Sequence[int]) -> list[float] | None:
    """Seconds at which each of ``tokens`` ends, by the best CTC path; None if they do not fit the frames.

    The path's last frame of a token counts as its end, so this is an estimate: CTC spikes need not last as long as
    the word.
    """
    recipe = checkpoint.recipe
    frames = stacked(torch.from_numpy(features_of(entry, recipe.features)), recipe.model.stack)
    encoded, _ = model.encode(frames[:, None])
    log_probs = model.ctc_logits(encoded)[:, 0].log_softmax(-1)
    repeats = sum(a == b for a, b in pairwise(tokens))
    if not tokens or len(log_probs) < len(tokens) + repeats:
        return None
    path, _ = forced_align(log_probs[None].float(), torch.tensor([list(tokens)], dtype=torch.int32), blank=BLANK)
    outputs = last_frames(path[0])
    step = recipe.model.stack * model.shape.reduction
    return [recipe.features.frame_ready_s((output + 1) * step - 1) for output in outputs]


def last_frames(path_T: Tensor) -> list[int]:
    """The last frame of each token of a CTC path (T,) of token numbers."""
    labels = [*path_T.tolist(), BLANK]
    return [t for t, (now, then) in enumerate(pairwise(labels)) if now != BLANK and now != then]
