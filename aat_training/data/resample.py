"""Another sample rate: windowed-sinc interpolation through torchaudio."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import torch
import torchaudio.functional
from numpy.typing import NDArray

from nnasim import limits

# torchaudio's kernel has numerator x denominator elements: 16001 -> 16000 Hz would take 2 GB. Rates in use (11025,
# 22050, 44100, 48000 ...) have small ratios and are exact; others get the nearest ratio with a denominator up to this
# one, which is at most 1 part in 2,000 off: under one cent of pitch, 5 ms in 10 s.
_LARGEST_RATIO = limits.AUDIO_RATIO

# Of a stream so many samples at a time, and twice as many at its end: torch computes short convolutions in another way,
# with other last bits.
_BLOCK = 1 << 20
# The filter reaches over less than 7 periods of both rates.
_REACH = 8


def resample(samples: NDArray[Any], rate: int, target: int) -> NDArray[Any]:
    """``samples`` [T] from ``rate`` to ``target`` Hz, in their own dtype: windowed sinc, through torchaudio."""
    if rate == target:
        return samples
    ratio = _ratio(rate, target)
    wave = torch.from_numpy(np.ascontiguousarray(samples))
    resampled: NDArray[Any] = torchaudio.functional.resample(wave, ratio.denominator, ratio.numerator).numpy()
    return resampled


def _ratio(rate: int, target: int) -> Fraction:
    return Fraction(target, rate).limit_denominator(_LARGEST_RATIO)


def resampled_blocks(blocks: Iterable[NDArray[Any]], rate: int, target: int) -> Iterator[NDArray[Any]]:
    """``resample`` of a wave that comes in ``blocks``, bit for bit, in other blocks."""
    if rate == target:
        yield from blocks
        return
    ratio = _ratio(rate, target)
    before, after = ratio.denominator, ratio.numerator  # samples of one period of both rates
    periods = _BLOCK // before
    held, done = list[NDArray[Any]](), 0  # samples, and the periods at their start that have been put out
    for block in blocks:
        held.append(block)
        while sum(map(len, held)) >= (done + 2 * periods + _REACH) * before:
            wave = np.concatenate(held)
            end = done + periods
            yield resample(wave[: (end + _REACH) * before], rate, target)[done * after : end * after]
            held, done = [wave[(end - _REACH) * before :]], _REACH
    if held:
        yield resample(np.concatenate(held), rate, target)[done * after :]
