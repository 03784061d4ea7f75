"""Changes to a made utterance's audio that a recogniser should not mind: another speed, another room."""

from __future__ import annotations

import numpy as np

from aat_training.data.audio import Samples
from aat_training.data.clip import Clip, SpokenWord

# Speed perturbation after Ko, Povey, Peddinti and Khudanpur (2015): resampled, so that tempo and pitch change together.
_SPEED_STEPS = 100


def at_speed(clip: Clip, factor: float) -> Clip:
    """``clip`` spoken ``factor`` times as fast and as high, rounded to hundredths; its words' times move with it."""
    from aat_training.data.resample import resample  # torch, which recordings as they are do without

    percent = round(_SPEED_STEPS * factor)
    # float64: the last bit of a float32 convolution may differ between processors and flip a 16-bit sample
    samples = resample(clip.samples.astype(np.float64), percent, _SPEED_STEPS).astype(np.float32)

    def moved(position: int) -> int:
        return min(len(samples), round(position * _SPEED_STEPS / percent))

    words = tuple(SpokenWord(word.word, moved(word.start), moved(word.end)) for word in clip.words)
    return Clip(samples, clip.rate, words, clip.speaker)


# assumed: a talker within a metre or two of the microphone; reverberant energy 6 to 20 dB below the direct sound
DIRECT_DB = (6.0, 20.0)


def in_room(clip: Clip, reverberation_s: float, rng: np.random.Generator) -> Clip:
    """``clip`` with the reverberation of a room whose sound falls by 60 dB in ``reverberation_s`` seconds.

    The response is the direct sound, then white noise that decays exponentially (Polack's model). The length is not
    changed, nor are the words' times, which are those of the direct sound.
    """
    response = _response(reverberation_s, clip.rate, rng)
    samples: Samples = _convolved(clip.samples, response)[: len(clip.samples)].astype(np.float32)
    return Clip(np.clip(samples, -1, 1), clip.rate, clip.words, clip.speaker)


def _response(reverberation_s: float, rate: int, rng: np.random.Generator) -> np.ndarray:
    length = max(2, round(reverberation_s * rate))
    tail = rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    tail[0] = 0
    tail *= 10 ** (-rng.uniform(*DIRECT_DB) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1
    return tail


def _convolved(samples: Samples, response: np.ndarray) -> np.ndarray:
    size = 1 << (len(samples) + len(response) - 1).bit_length()
    spectrum = np.fft.rfft(samples.astype(np.float64), size) * np.fft.rfft(response, size)
    whole: np.ndarray = np.fft.irfft(spectrum, size)
    return whole
