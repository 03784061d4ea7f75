"""New utterances made from old ones: pieces of a speaker's speech, cut at pauses, joined in another order.

A recogniser that is trained on a small corpus for seventy epochs learns its sentences by heart. Words in new orders
cannot be learned like that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from aat_training.data.cepstra import Cepstra
from aat_training.data.word_cuts import Cut


class Piece(NamedTuple):
    """Words that were spoken in one breath, and their cepstra, float32 [T, 13], with half of each pause around them."""

    words: tuple[str, ...]
    rows: Cepstra


class Utterance(NamedTuple):
    """The words of one speaker in a recombined utterance."""

    speaker: str
    words: tuple[str, ...]
    rows: Cepstra


def pieces(words: Sequence[str], rows: Cepstra, cuts: Sequence[Cut]) -> list[Piece]:
    """An utterance's pieces between its quiet ``cuts`` (one cut between any two ``words``)."""
    quiet = [(number, cut.frame) for number, cut in enumerate(cuts, start=1) if cut.quiet and cut.frame < len(rows)]
    bounds = [(0, 0), *quiet, (len(words), len(rows))]
    return [Piece(tuple(words[first:last]), rows[start:end]) for (first, start), (last, end) in pairwise(bounds)]


def recombined(
    by_speaker: Mapping[str, Sequence[Piece]], utterances: int, words: tuple[int, int], seed: int
) -> Iterator[Utterance]:
    """``utterances`` new ones; speakers in turn, the rest drawn from ``seed``.

    Pieces are drawn until an utterance has as many words as drawn from ``words`` (least, most) or more, since a piece
    is never broken. Utterance i depends on the seed, i and the pieces only, not on how many are made.
    """
    speakers = sorted(by_speaker)
    for number in range(utterances):
        rng = np.random.default_rng([seed, number])
        speaker = speakers[number % len(speakers)]
        own, length = by_speaker[speaker], int(rng.integers(*words, endpoint=True))
        drawn: list[Piece] = []
        while sum(len(piece.words) for piece in drawn) < length:
            drawn.append(own[int(rng.integers(len(own)))])
        spoken = tuple(word for piece in drawn for word in piece.words)
        yield Utterance(speaker, spoken, np.concatenate([piece.rows for piece in drawn]))
