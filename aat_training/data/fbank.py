"""Kaldi's filter banks, the features of icefall and sherpa-onnx, for imported transducers."""

from __future__ import annotations

import numpy as np
import torch
from torchaudio.compliance import kaldi

from aat_training.data.audio import Samples
from aat_training.data.features import Features
from aat_training.data.resample import resample

WINDOW_S, HOP_S = 0.025, 0.010
HIGHEST_HZ = -400.0  # below half the sample rate, as icefall has it


def kaldi_fbank(samples: Samples, rate: int, sample_rate: int, mels: int) -> Features:
    """``samples`` float32 [S], full scale 1, at ``rate`` Hz as natural-log energies, float32 [T, mels].

    Povey window, no dither, a frame every 10 ms of ``sample_rate``; the first and the last windows are filled up with
    mirrored samples (``snip_edges`` off), so that T is S / hop, rounded; audio shorter than one window gives T = 0.
    """
    wave = torch.from_numpy(np.ascontiguousarray(resample(samples, rate, sample_rate)))
    if len(wave) < round(WINDOW_S * sample_rate):
        return np.empty((0, mels), np.float32)
    energies = kaldi.fbank(
        wave[None],
        sample_frequency=sample_rate,
        num_mel_bins=mels,
        high_freq=HIGHEST_HZ,
        dither=0.0,
        snip_edges=False,
    )
    frames: Features = energies.numpy()
    return frames


def fbank_ready_s(frame: int) -> float:
    """Seconds from the utterance's start to the moment the last sample of ``frame`` exists."""
    return frame * HOP_S + (HOP_S + WINDOW_S) / 2
