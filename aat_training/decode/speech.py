"""The utterances of a manifest decoded in batches of similar length, with the features of one batch in memory.

An utterance that is alone in its batch, as every long one is, goes from its file to its words as a stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from aat_training.config import Recipe
from aat_training.data.batches import stacked
from aat_training.data.features import feature_blocks
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
        if len(picked) == 1:
            yield picked[0], decode_stream(model, recipe, stacked_blocks(entries[picked[0]], recipe), beam)
        else:
            frames = [stacked_frames(entries[index], recipe) for index in picked]
            yield from zip(picked, decode_together(model, frames, recipe.model.max_symbols), strict=True)


def decode_stream(model: Rnnt, recipe: Recipe, chunks: Iterable[Tensor], beam: int = 1) -> Decoded:
    """The decoding of one utterance whose stacked frames come in ``chunks`` (T, F): greedy, or with a beam."""
    most = recipe.model.max_symbols
    decoder = GreedyDecoder(model, most) if beam == 1 else BeamDecoder(model, most, beam)
    for x_TF in chunks:
        decoder.feed(x_TF)
    return decoder.decoded


def stacked_frames(entry: Entry, recipe: Recipe) -> Tensor:
    """The stacked features of one utterance (T, F), T >= 1. Raises ManifestError."""
    return torch.cat(list(stacked_blocks(entry, recipe)))


def stacked_blocks(entry: Entry, recipe: Recipe) -> Iterator[Tensor]:
    """The stacked features of one utterance, block by block (T, F). Raises ManifestError."""
    stack, frames = recipe.model.stack, 0
    rest = torch.empty(0, recipe.features.dimension)
    for block in feature_blocks(entry, recipe.features):
        x_TD = torch.cat([rest, torch.from_numpy(block)])
        chunk = stacked(x_TD, stack)
        rest = x_TD[len(chunk) * stack :]
        frames += len(chunk)
        yield chunk
    if not frames:
        raise ManifestError(entry.where, entry.field, entry.path, "is shorter than one stacked frame")
