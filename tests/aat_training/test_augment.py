"""Augmentation: each change does what it is named for, and nothing else."""

from __future__ import annotations

import pytest
import torch

from aat_training.augment import _warp_matrix, augment
from aat_training.config import AugmentConfig
from aat_training.data.features import FeatureConfig

ZEROS, ONES = torch.zeros(20), torch.ones(20)


def changed(x, seed=0, kind="logmel", **options):
    rng = torch.Generator().manual_seed(seed)
    return augment(
        x, AugmentConfig(**options), FeatureConfig(kind=kind), torch.zeros(x.shape[1]), torch.ones(x.shape[1]), rng
    )


def test_time_masks_set_whole_frames_to_the_mean_and_no_more_than_asked():
    x = torch.ones(60, 20)
    masked = (changed(x, time_masks=2, time_mask_frames=5) == 0).all(1)
    assert 0 < int(masked.sum()) <= 10


def test_feature_masks_set_whole_bins_to_the_mean():
    x = torch.ones(60, 20)
    counts = [int((changed(x, seed, feature_masks=1, feature_mask_bins=4) == 0).all(0).sum()) for seed in range(20)]
    assert 0 < max(counts) <= 4


def test_stretching_changes_the_length_within_its_share():
    lengths = {len(changed(torch.randn(100, 20), seed, stretch=0.2)) for seed in range(40)}
    assert len(lengths) > 5
    assert min(lengths) >= 80
    assert max(lengths) <= 120


@pytest.mark.parametrize(("kind", "size"), [("logmel", 20), ("cepstra", 13)])
def test_a_warp_by_nothing_is_the_identity_and_a_flat_spectrum_stays_flat(kind, size):
    torch.testing.assert_close(_warp_matrix(kind, size, 0), torch.eye(size), atol=1e-5, rtol=0)
    flat = torch.zeros(size)
    flat[0] = 1.0
    if kind == "logmel":
        flat[:] = 1.0
    torch.testing.assert_close(_warp_matrix(kind, size, 10) @ flat, flat, atol=1e-5, rtol=0)


def test_a_channel_is_one_offset_for_the_whole_utterance():
    x = torch.randn(50, 20)
    offset = changed(x, channel=0.5) - x
    torch.testing.assert_close(offset, offset[:1].expand_as(offset), atol=1e-5, rtol=0)
    assert float(offset.abs().max()) > 0.1


def test_a_noise_floor_only_adds_power():
    x = torch.randn(50, 20)
    assert bool((changed(x, noise_floor=True) >= x).all())
