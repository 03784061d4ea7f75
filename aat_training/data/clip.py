"""One made utterance in memory: speech with its words' times, framed by silence and laid over low noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aat_training.data.audio import Samples

# Seconds of silence: before the first word, between two words, after the last one. The tail gives a streaming
# recogniser time to emit its last word.
LEAD_S = (0.10, 0.30)
PAUSE_S = (0.03, 0.30)
TAIL_S = (0.25, 0.45)
# White noise under everything, so much quieter than the speech: low, and never digital silence.
SNR_DB = (30.0, 50.0)


Bounds = tuple[float, float]  # least, most


@dataclass(frozen=True)
class Surroundings:
    """The silence and noise around the words of a composed utterance; each value is drawn between its bounds.

    ``lead_s``, ``pause_s``, ``tail_s``: seconds of silence. ``snr_db``: how far the white noise is below the words'
    level, None for no noise.
    """

    lead_s: Bounds = LEAD_S
    pause_s: Bounds = PAUSE_S
    tail_s: Bounds = TAIL_S
    snr_db: Bounds | None = SNR_DB


@dataclass(frozen=True)
class SpokenWord:
    """A word and its samples: ``start`` (inclusive) to ``end`` (exclusive)."""

    word: str
    start: int
    end: int


@dataclass(frozen=True)
class Clip:
    """``samples`` float32 [T] at ``rate`` Hz, full scale 1; ``words`` in the order spoken; who speaks."""

    samples: Samples
    rate: int
    words: tuple[SpokenWord, ...]
    speaker: str

    @property
    def text(self) -> str:
        """The words of the clip as text."""
        return " ".join(word.word for word in self.words)


def silence(bounds_s: Bounds, rate: int, rng: np.random.Generator) -> Samples:
    """Silence of a random length within ``bounds_s`` [s]."""
    return np.zeros(round(rng.uniform(*bounds_s) * rate), np.float32)


def joined(
    takes: Sequence[tuple[str, Samples]], rate: int, speaker: str, rng: np.random.Generator,
    around: Surroundings = Surroundings(),
) -> Clip:  # fmt: skip
    """Takes of single words, each with its word, one after the other with random pauses; no noise yet."""
    parts = [silence(around.lead_s, rate, rng)]
    words = []
    position = len(parts[0])
    for number, (word, samples) in enumerate(takes, start=1):
        words.append(SpokenWord(word, position, position + len(samples)))
        gap = silence(around.pause_s if number < len(takes) else around.tail_s, rate, rng)
        parts += [samples, gap]
        position += len(samples) + len(gap)
    return Clip(np.concatenate(parts), rate, tuple(words), speaker)


def over_noise(clip: Clip, rng: np.random.Generator, snr_db: Bounds = SNR_DB) -> Clip:
    """``clip`` over white noise at a random distance below the level of its words, kept within full scale."""
    speech = np.concatenate([clip.samples[word.start : word.end] for word in clip.words])
    level = float(np.sqrt(np.mean(np.square(speech, dtype=np.float64))))
    noise = rng.standard_normal(len(clip.samples)) * level * 10 ** (-rng.uniform(*snr_db) / 20)
    mixed = np.clip(clip.samples + noise, -1, 1).astype(np.float32)
    return Clip(mixed, clip.rate, clip.words, clip.speaker)
