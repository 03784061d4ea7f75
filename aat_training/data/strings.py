"""Strings of words: recordings of single words by one speaker, joined with pauses over noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aat_training.data.audio import Samples
from aat_training.data.clip import Bounds, Clip, Surroundings, joined, over_noise
from aat_training.data.disturb import at_speed, in_room

MOST_WORDS = 100
_KEPT = 8192  # recordings in memory, at most


class Recording(NamedTuple):
    """One recording of one word."""

    word: str
    path: Path


@dataclass(frozen=True)
class Style:
    """The composition of strings of words. ``words``: least and most in a string; the other values are drawn likewise.

    ``level_db``: peak below full scale, once all words of a string have the same peak; None leaves words as recorded.
    ``speed``: factor of tempo and pitch together. ``room_s``: reverberation time of an artificial room in seconds.
    """

    words: tuple[int, int] = (2, 7)
    around: Surroundings = field(default_factory=Surroundings)
    level_db: Bounds | None = None
    speed: Bounds | None = None
    room_s: Bounds | None = None


def word_strings(
    recordings: Mapping[str, Sequence[Recording]], utterances: int, rate: int, load: Callable[[Path], Samples],
    style: Style = Style(), seed: int = 0,
) -> Iterator[Clip]:  # fmt: skip
    """``utterances`` strings of ``recordings`` (by speaker); speakers in turn, the rest drawn from ``seed``.

    ``load`` gives a recording's samples at ``rate`` Hz. Utterance i depends on the seed, i, the style and the
    recordings only, not on how many are made. Raises what ``load`` raises.
    """
    speakers = list(recordings.items())
    load = lru_cache(_KEPT)(load)
    for number in range(utterances):
        rng = np.random.default_rng([seed, number])
        speaker, own = speakers[number % len(speakers)]
        length = int(rng.integers(*style.words, endpoint=True))
        drawn = [own[i] for i in rng.integers(0, len(own), length)]
        takes = [(recording.word, load(recording.path)) for recording in drawn]
        yield _string(takes, rate, speaker, style, rng)


def _string(
    takes: list[tuple[str, Samples]], rate: int, speaker: str, style: Style, rng: np.random.Generator
) -> Clip:  # fmt: skip
    if style.level_db is not None:
        peak = 10 ** (-rng.uniform(*style.level_db) / 20)
        takes = [(word, _with_peak(samples, peak)) for word, samples in takes]
    clip = joined(takes, rate, speaker, rng, style.around)
    if style.speed is not None:
        clip = at_speed(clip, rng.uniform(*style.speed))
    if style.room_s is not None:
        clip = in_room(clip, rng.uniform(*style.room_s), rng)
    return clip if style.around.snr_db is None else over_noise(clip, rng, style.around.snr_db)


def _with_peak(samples: Samples, peak: float) -> Samples:
    loudest = float(np.abs(samples).max())
    return samples if loudest == 0 else (samples * (peak / loudest)).astype(np.float32)
