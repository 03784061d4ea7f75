"""The utterances of a manifest decoded in batches of similar length, with the features of one batch in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from aat_training.config import Recipe
from aat_training.data.batches import stacked
from aat_training.data.features import features_of
from aat_training.data.manifest import Entry
from aat_training.decode.beam import BeamDecoder
from aat_training.decode.corpus import BATCH, decode_together
from aat_training.decode.greedy import Decoded, GreedyDecoder
from aat_training.model.rnnt import Rnnt
from nnasim.errors import ManifestError

BATCH_SECONDS = 600.0  # of a batch, its silence at the ends counted: bounds the memory of features and activations


def batches_of(seconds: Sequence[float], batch: int = BATCH) -> Iterator[list[int]]:
    """The indices of up to ``batch`` utterances at a time, shortest first, of at most ``BATCH_SECONDS`` if padded."""
    picked: list[int] = []
    for index in sorted(range(len(seconds)), key=lambda index: seconds[index]):
        if picked and (len(picked) == batch or (len(picked) + 1) * seconds[index] > BATCH_SECONDS):
            yield picked
            picked = []
        picked.append(index)
    if picked:
        yield picked


def decode_speech(
    model: Rnnt,
    recipe: Recipe,
    entries: Sequence[Entry],
    seconds: Sequence[float],
    *,
    beam: int = 1,
    batch: int = BATCH,
) -> Iterator[tuple[int, Decoded]]:
    """(index, decoding) of each of ``entries``, which last ``seconds``, in an order of its own.

    Each is what ``GreedyDecoder`` makes of it alone; with a ``beam`` above 1, what ``BeamDecoder`` makes of it. Raises
    ManifestError for an utterance that cannot be read or has less than one frame.
    """
    for picked in batches_of(seconds, batch if beam == 1 else 1):
        frames = [stacked_frames(entries[index], recipe) for index in picked]
        if beam == 1:
            decodings = decode_together(model, frames, recipe.model.max_symbols)
        else:
            decodings = [decode_alone(model, recipe, x_TF, beam=beam) for x_TF in frames]
        yield from zip(picked, decodings, strict=True)


def decode_alone(model: Rnnt, recipe: Recipe, x_TF: Tensor, *, keep_logits: bool = False, beam: int = 1) -> Decoded:
    """The decoding of one utterance of stacked frames (T, F): greedy, or with a beam of that width."""
    decoder: GreedyDecoder | BeamDecoder = (
        GreedyDecoder(model, recipe.model.max_symbols, keep_logits=keep_logits)
        if beam == 1
        else BeamDecoder(model, recipe.model.max_symbols, beam)
    )
    decoder.feed(x_TF)
    return decoder.decoded


def stacked_frames(entry: Entry, recipe: Recipe) -> Tensor:
    """The stacked features of one utterance (T, F), T >= 1. Raises ManifestError."""
    frames = stacked(torch.from_numpy(features_of(entry, recipe.features)), recipe.model.stack)
    if not len(frames):
        raise ManifestError(entry.where, entry.field, entry.path, "is shorter than one stacked frame")
    return frames
