"""Synthesised speech: digit strings and short commands by eSpeak NG voices, disjoint for training and test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from aat_training.data.clip import LEAD_S, TAIL_S, Clip, SpokenWord, over_noise, silence
from aat_training.data.espeak import Speech, Style, synthesise
from aat_training.data.resample import resample
from aat_training.data.vocabulary import COMMANDS, DIGITS
from nnasim.errors import InputError

Voices = Literal["train", "test"]
Kind = Literal["digits", "commands"]

# Accents are shared; the variants, which shape the voice itself, are not. Variants with an echo (Reed) are left out:
# they draw from the C library's random numbers and would not repeat.
ACCENTS = ("en-US", "en", "en-GB-x-rp", "en-GB-scotland", "en-029", "en-US-nyc")
VARIANTS: dict[Voices, tuple[str, ...]] = {
    "train": (
        "m1", "m2", "m3", "m5", "m7", "f1", "f2", "f4", "Andy", "Annie", "Mike", "adam", "edward", "linda",
        "paul", "robert", "grandpa", "zac",
    ),
    "test": ("m4", "m6", "f3", "f5", "Michael", "Alicia", "steph", "travis"),
}  # fmt: skip
_RATE_WPM = (130, 220)
_PITCH = (25, 75)
_WORD_GAP = (0, 12)  # units of 10 ms
_PEAK_DB = (-20.0, -3.0)
SAMPLE_RATES = (8000, 16000)


def voices(group: Voices) -> list[str]:
    """The voices of ``group``, accents varying fastest."""
    return [f"{accent}+{variant}" for variant in VARIANTS[group] for accent in ACCENTS]


def synthesised(
    utterances: int, *, group: Voices, kind: Kind = "digits", digits: tuple[int, int] = (2, 7), rate: int = 8000,
    seed: int = 0,
) -> Iterator[Clip]:  # fmt: skip
    """``utterances`` clips at ``rate`` Hz; voices in turn; tempo, pitch, pauses, level and noise from ``seed``.

    Utterance i depends on the seed, i and the options only, not on how many are made.
    Raises InputError for impossible counts or rates, MissingExtraError without the ``synth`` extra.
    """
    if not 1 <= digits[0] <= digits[1] <= 100:
        raise InputError("synth", "digits", f"{digits[0]}-{digits[1]}", "needs 1 <= least <= most <= 100")
    if rate not in SAMPLE_RATES:
        raise InputError("synth", "rate", rate, f"must be one of {SAMPLE_RATES}")
    speakers = voices(group)
    for number in range(utterances):
        rng = np.random.default_rng([seed, number])
        words = _words(kind, digits, rng)
        yield _clip(words, speakers[number % len(speakers)], rate, rng)


def _words(kind: Kind, digits: tuple[int, int], rng: np.random.Generator) -> list[str]:
    if kind == "commands":
        return COMMANDS[int(rng.integers(len(COMMANDS)))].split()
    length = int(rng.integers(digits[0], digits[1], endpoint=True))
    return [DIGITS[digit] for digit in rng.integers(0, len(DIGITS), length)]


def _clip(words: list[str], speaker: str, rate: int, rng: np.random.Generator) -> Clip:
    def draw(bounds: tuple[int, int]) -> int:
        return int(rng.integers(*bounds, endpoint=True))

    style = Style(f"gmw/{speaker}", draw(_RATE_WPM), draw(_PITCH), draw(_WORD_GAP))
    speech = synthesise(" ".join(words), style)
    # float64: the last bit of a float32 convolution may differ between processors and flip a 16-bit sample
    wave = resample(speech.samples / 32768.0, speech.rate, rate)
    wave *= 10 ** (rng.uniform(*_PEAK_DB) / 20) / np.abs(wave).max()
    lead, tail = silence(LEAD_S, rate, rng), silence(TAIL_S, rate, rng)
    samples = np.concatenate([lead, wave.astype(np.float32), tail])
    return over_noise(Clip(samples, rate, _spoken(words, speech, rate, len(lead)), speaker), rng)


def _spoken(words: list[str], speech: Speech, rate: int, offset: int) -> tuple[SpokenWord, ...]:
    """Word times at ``rate``: a word lasts until the next one starts, the last one until speech ends."""
    starts = [offset + round(start * rate / speech.rate) for start in speech.starts]
    ends = [*starts[1:], offset + round(speech.end * rate / speech.rate)]
    return tuple(SpokenWord(*word) for word in zip(words, starts, ends, strict=True))
