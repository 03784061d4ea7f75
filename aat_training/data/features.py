"""Features: log-mel energies of audio, or cepstra as stored, frame by frame and safe for streaming.

Frame t depends on nothing but the ``window_s`` seconds of audio that start at ``t * frame_period_s``; it can be
computed once they exist, which is at ``FeatureConfig.frame_ready_s(t)``. So the features of a prefix are a prefix of
the features, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torchaudio
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch.nn.functional import pad

from aat_training.data.audio import Samples, audio_blocks
from aat_training.data.cepstra import CEPSTRA, FRAMES_PER_SECOND, Cepstra, read_mfc, with_deltas
from aat_training.data.manifest import Entry
from aat_training.data.resample import resampled_blocks
from nnasim.errors import FileError
from nnasim.records import Flag, Frozen, Integer, Number

Features = NDArray[np.float32]

# Frames computed at a time. The last block is filled up with zeros: a matrix product of always the same shape rounds
# always in the same way, so that no frame's bits depend on how much audio follows it.
_BLOCK = 256


class FeatureConfig(Frozen):
    """The content of a frame, and the time at which it exists. ``logmel`` needs audio, ``cepstra`` needs stored
    features.

    ``window_s``, ``hop_s`` in seconds; ``f_min``, ``f_max`` in Hz (null: half the sample rate); ``floor``: power added
    before the logarithm, which makes digital silence a number; ``deltas``: append to each cepstrum its difference from
    two frames before (causal, unlike the usual delta, which looks ahead).
    """

    kind: Literal["logmel", "cepstra"] = "logmel"
    sample_rate: Literal[8000, 16000] = 16000
    n_mels: Integer = Field(40, ge=1, le=80)
    window_s: Number = Field(0.025, ge=0.005, le=0.1)
    hop_s: Number = Field(0.010, ge=0.005, le=0.1)
    f_min: Number = Field(20.0, ge=0)
    f_max: Number | None = Field(None, gt=0)
    floor: Number = Field(1e-6, ge=1e-30, le=1e6)  # float32 holds it, and its sum with loud speech
    deltas: Flag = False

    @model_validator(mode="after")
    def _possible(self) -> FeatureConfig:
        if self.f_min >= self.top_hz or self.top_hz > self.sample_rate / 2:
            raise ValueError(f"f_max: f_min < f_max <= {self.sample_rate / 2:g} Hz must hold")
        if self.deltas and self.kind == "logmel":
            raise ValueError("deltas: only for cepstra")
        return self

    @property
    def top_hz(self) -> float:
        """Upper edge of the highest mel filter in Hz."""
        return self.sample_rate / 2 if self.f_max is None else self.f_max

    @property
    def window(self) -> int:
        """Samples one frame looks at."""
        return round(self.window_s * self.sample_rate)

    @property
    def hop(self) -> int:
        """Samples from one frame to the next."""
        return round(self.hop_s * self.sample_rate)

    @property
    def frame_period_s(self) -> float:
        """Seconds from one frame to the next."""
        return self.hop / self.sample_rate

    @property
    def dimension(self) -> int:
        """Numbers in one frame."""
        return self.n_mels if self.kind == "logmel" else CEPSTRA * (2 if self.deltas else 1)

    def frame_ready_s(self, frame: int) -> float:
        """Seconds from the utterance's start to the moment the last sample of ``frame`` exists."""
        return (frame * self.hop + self.window) / self.sample_rate


@lru_cache(maxsize=8)
def _mel(cfg: FeatureConfig) -> torchaudio.transforms.MelSpectrogram:
    """The transform of one configuration. The window stands at the START of the (longer) FFT, so that a frame needs no
    sample beyond its own window; torch would centre it.
    """
    n_fft = 1 << (cfg.window - 1).bit_length()
    return torchaudio.transforms.MelSpectrogram(
        cfg.sample_rate, n_fft=n_fft, hop_length=cfg.hop, f_min=cfg.f_min, f_max=cfg.top_hz, n_mels=cfg.n_mels,
        window_fn=lambda length: pad(torch.hann_window(cfg.window), (0, length - cfg.window)), center=False,
    )  # fmt: skip


def log_mel(samples: Samples, rate: int, cfg: FeatureConfig) -> Features:
    """``samples`` float32 [S] at ``rate`` Hz as natural-log mel energies, float32 [T, n_mels].

    T = floor((S - window) / hop) + 1 whole windows; audio shorter than one window gives T = 0.
    """
    return log_mel_of([samples], rate, cfg)


def log_mel_of(blocks: Iterable[Samples], rate: int, cfg: FeatureConfig) -> Features:
    """``log_mel`` of audio that comes in ``blocks``."""
    return _joined(log_mel_blocks(blocks, rate, cfg), cfg)


def log_mel_blocks(blocks: Iterable[Samples], rate: int, cfg: FeatureConfig) -> Iterator[Features]:
    """``log_mel`` of audio that comes in ``blocks``, bit for bit: [at most 256, n_mels] at a time, and none empty."""
    wave = np.empty(0, np.float32)
    needed = (_BLOCK - 1) * cfg.hop + _mel(cfg).n_fft  # samples that a block of frames looks at
    for block in resampled_blocks(blocks, rate, cfg.sample_rate):
        wave = np.concatenate([wave, block]) if len(wave) else block
        while len(wave) >= needed:
            yield _log_energies(wave[:needed], cfg)
            wave = wave[_BLOCK * cfg.hop :]
    while (frames := (len(wave) - cfg.window) // cfg.hop + 1) > 0:
        yield _log_energies(np.pad(wave[:needed], (0, max(0, needed - len(wave)))), cfg)[:frames]
        wave = wave[_BLOCK * cfg.hop :]


def _log_energies(wave: Samples, cfg: FeatureConfig) -> Features:
    """The frames of one block, float32 [BLOCK, n_mels]."""
    energies = _mel(cfg)(torch.from_numpy(wave))  # [n_mels, BLOCK]
    frames: Features = torch.log(energies + cfg.floor).T.numpy()
    return frames


def _joined(blocks: Iterable[Features], cfg: FeatureConfig) -> Features:
    return np.concatenate([np.empty((0, cfg.dimension), np.float32), *blocks])


def features_of(entry: Entry, cfg: FeatureConfig) -> Features:
    """The features of one utterance, float32 [T, cfg.dimension], T >= 1.

    Raises ManifestError with the manifest's line: an unreadable file, audio where the recipe needs cepstra or the
    other way round, or less audio than one window.
    """
    return _joined(feature_blocks(entry, cfg), cfg)


def feature_blocks(entry: Entry, cfg: FeatureConfig) -> Iterator[Features]:
    """``features_of`` an utterance in blocks [T, cfg.dimension]; of audio, no more is held than a block needs.

    Raises what ``features_of`` raises; damage where the blocks come to it.
    """
    if cfg.kind == "cepstra":
        yield _cepstra(entry, cfg)
        return
    frames = 0
    with audio_blocks(entry) as (samples, rate):
        for block in log_mel_blocks(samples, rate, cfg):
            frames += len(block)
            yield block
        if not frames:
            raise _too_short(entry.path, cfg)


def _cepstra(entry: Entry, cfg: FeatureConfig) -> Features:
    try:
        if entry.features_filepath is None:
            raise FileError(entry.path, "is audio, and this recipe needs cepstra (features_filepath)")
        rows = read_mfc(entry.path)
        first, last = entry.span(len(rows), FRAMES_PER_SECOND)
        return features_of_cepstra(rows[first:last], cfg)
    except FileError as error:
        raise entry.refuse(error) from None


def features_of_audio(samples: Samples, rate: int, cfg: FeatureConfig, path: Path) -> Features:
    """``log_mel`` of an utterance, T >= 1. Raises FileError, which names ``path``, for less audio than one window."""
    features = log_mel(samples, rate, cfg)
    if not len(features):
        raise _too_short(path, cfg)
    return features


def _too_short(path: Path, cfg: FeatureConfig) -> FileError:
    return FileError(path, f"is shorter than one window of {cfg.window_s:g} s")


def features_of_cepstra(rows: Cepstra, cfg: FeatureConfig) -> Features:
    """Stored cepstra, float32 [T, 13], with their differences from two frames before if ``cfg`` has deltas."""
    return with_deltas(rows) if cfg.deltas else rows
