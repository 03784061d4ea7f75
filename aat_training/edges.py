"""The silence before and after the speech of an utterance.

Corpora are cut in one way: a recogniser that always had 100 ms of its corpus's silence first invents words if an
utterance begins with its first word. Training therefore varies both ends.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from aat_training.config import AugmentConfig
from aat_training.data.features import FeatureConfig
from aat_training.data.trim import Levels, loud_span

# Noise that stands in for silence: so far below the loudest frames, and so uneven from frame to frame and bin to bin.
_NOISE_DB = (25.0, 60.0)
_NOISE_SPREAD = 0.6
_PER_DB = math.log(10) / 10  # natural logarithm of power, the unit of both kinds of features


def levels_db(x_TD: Tensor, kind: str) -> Levels:
    """Level of each frame [T] in dB: of all log-mel bins together, or the zeroth cepstrum."""
    level = x_TD[:, 0] if kind == "cepstra" else torch.logsumexp(x_TD, dim=1)
    in_db: Levels = level.double().numpy() / _PER_DB
    return in_db


def with_other_edges(x_TD: Tensor, config: AugmentConfig, features: FeatureConfig, rng: Generator) -> Tensor:
    """The utterance with its own silence cut away at either end, by chance; other silence, or none, takes its place."""
    front, back = (float(torch.rand((), generator=rng)) < config.edges for _ in range(2))
    if not (front or back):
        return x_TD
    first, last = loud_span(levels_db(x_TD, features.kind))
    parts = [x_TD[first if front else 0 : last if back else len(x_TD)]]
    if front:
        parts.insert(0, _silence(x_TD, config.silence_frames, features, rng))
    if back:
        parts.append(_silence(x_TD, config.silence_frames, features, rng))
    return torch.cat(parts)


def _silence(x_TD: Tensor, most: int, features: FeatureConfig, rng: Generator) -> Tensor:
    """The silence at one end: none, or up to ``most`` frames of digital zeros or faint noise; cepstra repeat their
    quietest frame.
    """
    kind, share = torch.rand(2, generator=rng).tolist()
    frames = 0 if kind < 0.5 else round(share * most)
    if features.kind == "cepstra":
        quiet = torch.from_numpy(levels_db(x_TD, features.kind).argsort()[: max(1, len(x_TD) // 10)])
        return x_TD[quiet[torch.randint(0, len(quiet), (frames,), generator=rng)]]
    zeros = torch.full((frames, x_TD.shape[1]), math.log(features.floor))
    return zeros if kind < 0.75 else torch.logaddexp(zeros, _noise(x_TD, frames, rng))


def _noise(x_TD: Tensor, frames: int, rng: Generator) -> Tensor:
    """Faint noise (frames, D) with a random slope over the bins, its level drawn against the utterance's loudest."""
    depth, slope = torch.rand(2, generator=rng).tolist()
    low, high = _NOISE_DB
    loudest = float(torch.quantile(x_TD, 0.99))
    bins = torch.linspace(-1, 1, x_TD.shape[1]) * (2 * slope - 1)
    level = loudest - (low + (high - low) * depth) * _PER_DB
    return level + bins + _NOISE_SPREAD * torch.randn(frames, x_TD.shape[1], generator=rng)
