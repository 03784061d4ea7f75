"""Changes to features in training, so that a small recogniser does not learn a small corpus by heart."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from aat_training.config import AugmentConfig
from aat_training.data.features import FeatureConfig
from aat_training.edges import with_other_edges


def augment(
    x_TD: Tensor, config: AugmentConfig, features: FeatureConfig, mean_D: Tensor, scale_D: Tensor, rng: Generator
) -> Tensor:
    """One utterance's features (T, D), float32, changed at random.

    Levels are in units of the normalised features, (x - mean_D) * scale_D; the result is not normalised.
    """
    x = with_other_edges(x_TD, config, features, rng) if config.edges else x_TD
    x = _warped(_stretched(x, config.stretch, rng), config.warp, features.kind, rng)
    return _disturbed((x - mean_D) * scale_D, config, features.kind, rng) / scale_D + mean_D


def _disturbed(x: Tensor, config: AugmentConfig, kind: str, rng: Generator) -> Tensor:
    if config.noise_floor and kind == "logmel":
        x = _noise_floor(x, rng)
    if config.channel:
        x = x + config.channel * torch.randn(1, x.shape[1], generator=rng)
    if config.noise:
        x = x + config.noise * _uniform(rng) * torch.randn(x.shape, generator=rng)
    return _masked(x, config, rng)


def _uniform(rng: Generator) -> float:
    return float(torch.rand((), generator=rng))


def _integer(high: int, rng: Generator) -> int:
    return int(torch.randint(0, max(1, high), (), generator=rng))


def _stretched(x_TD: Tensor, share: float, rng: Generator) -> Tensor:
    """The time axis resampled by a factor in 1 - share .. 1 + share."""
    if not share or len(x_TD) < 4:
        return x_TD
    length = max(4, round(len(x_TD) * (1 + share * (2 * _uniform(rng) - 1))))
    return F.interpolate(x_TD.T[None], size=length, mode="linear", align_corners=True)[0].T


@lru_cache(maxsize=64)
def _warp_matrix(kind: str, size: int, percent: int) -> Tensor:
    """(D, D) matrix that scales the frequency axis by 1 + percent / 100: a vocal tract of another length.

    Cepstra go through the cosine transform to 40 log-mel bins and back.
    """
    bins = 40 if kind == "cepstra" else size
    source = (torch.arange(bins) * (1 + percent / 100)).clamp(max=bins - 1)
    low = source.floor().long().clamp(max=bins - 2)
    share = source - low
    warp = torch.zeros(bins, bins)
    warp[torch.arange(bins), low] = 1 - share
    warp[torch.arange(bins), low + 1] += share
    if kind != "cepstra":
        return warp
    angles = torch.arange(13)[:, None] * (torch.arange(bins) + 0.5) * torch.pi / bins
    cosine = torch.cos(angles) * (2 / bins) ** 0.5
    cosine[0] /= 2**0.5
    block = cosine @ warp @ cosine.T
    return torch.block_diag(*[block] * (size // 13))


def _warped(x_TD: Tensor, share: float, kind: str, rng: Generator) -> Tensor:
    if not share:
        return x_TD
    percent = round(100 * share * (2 * _uniform(rng) - 1))
    return x_TD @ _warp_matrix(kind, x_TD.shape[1], percent).T


def _noise_floor(x_TD: Tensor, rng: Generator) -> Tensor:
    """log(e^x + e^n): stationary noise with a random slope over the bins, -4 to 0 standard deviations down."""
    bins = torch.linspace(-1, 1, x_TD.shape[1])
    floor = -4.0 + 4.0 * _uniform(rng) + (2 * _uniform(rng) - 1) * bins
    return torch.logaddexp(x_TD, (floor + 0.3 * torch.randn(x_TD.shape, generator=rng)))


def _masked(x_TD: Tensor, config: AugmentConfig, rng: Generator) -> Tensor:
    """SpecAugment: stretches of time, and bands, set to the mean (0)."""
    x = x_TD.clone()
    frames, bins = x.shape
    for _ in range(config.time_masks):
        width = _integer(min(config.time_mask_frames, frames // 5) + 1, rng)
        start = _integer(frames - width + 1, rng)
        x[start : start + width] = 0.0
    for _ in range(config.feature_masks):
        width = _integer(min(config.feature_mask_bins, bins) + 1, rng)
        start = _integer(bins - width + 1, rng)
        x[:, start : start + width] = 0.0
    return x
