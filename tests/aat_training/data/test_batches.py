"""Batches: every utterance once an epoch, short ones first, and the same whether or not a run was resumed."""

from __future__ import annotations

from itertools import islice

import torch

from aat_training.config import AugmentConfig
from aat_training.data.batches import batch_indices, collate, stacked, training_batch
from aat_training.data.features import FeatureConfig

TINY = FeatureConfig(kind="logmel", sample_rate=8000, n_mels=20)


def test_an_epoch_holds_every_utterance_once(examples):
    per_epoch = -(-len(examples) // 5)
    seen = [index for batch in islice(batch_indices(examples, 5, 0, 0), per_epoch) for index in batch]
    assert sorted(seen) == list(range(len(examples)))


def test_a_resumed_run_sees_the_batches_it_would_have_seen(examples):
    whole = list(islice(batch_indices(examples, 4, 7, 0, curriculum=6), 20))
    for start in (0, 3, 6, 13):
        assert list(islice(batch_indices(examples, 4, 7, start, curriculum=6), 20 - start)) == whole[start:]


def test_a_curriculum_begins_with_the_shortest(examples):
    first = next(batch_indices(examples, 2, 0, 0, curriculum=100))
    lengths = sorted(len(example.x_TD) for example in examples)
    assert max(len(examples[index].x_TD) for index in first) <= lengths[len(lengths) // 4]


def test_stacking_joins_neighbours_and_drops_the_rest():
    x = torch.arange(14.0).view(7, 2)
    assert torch.equal(stacked(x, 3), torch.arange(12.0).view(2, 6))


def test_lengths_count_encoder_outputs(examples):
    batch = collate([e.x_TD for e in examples[:3]], [e.tokens for e in examples[:3]], 3, 2)
    assert batch.lengths.tolist() == [len(e.x_TD) // 3 // 2 for e in examples[:3]]
    assert batch.x_TBF.shape[1:] == (3, 3 * examples[0].x_TD.shape[1])


def test_augmentation_follows_its_seed_alone(examples):
    mean, scale = torch.zeros(20), torch.ones(20)
    config = AugmentConfig(time_masks=1, time_mask_frames=5, noise=0.1, stretch=0.1, warp=0.1, channel=0.1, joined=0.5)
    batches = [training_batch(examples, [0, 1], mean, scale, config, TINY, 3, 2, seed) for seed in (1, 1, 2)]
    assert torch.equal(batches[0].x_TBF, batches[1].x_TBF)
    assert batches[0].x_TBF.shape != batches[2].x_TBF.shape or not torch.equal(batches[0].x_TBF, batches[2].x_TBF)


def test_no_augmentation_leaves_the_features_as_they_are(examples):
    mean, scale = torch.zeros(20), torch.ones(20)
    batch = training_batch(examples, [0], mean, scale, AugmentConfig(), TINY, 3, 2, 0)
    torch.testing.assert_close(batch.x_TBF[:, 0], stacked(examples[0].x_TD, 3))
