"""What stands before and behind speech in training: nothing, zeros or noise, drawn from the seed alone."""

from __future__ import annotations

import math

import pytest
import torch

from aat_training.config import AugmentConfig
from aat_training.data.features import FeatureConfig
from aat_training.edges import with_other_edges
from aat_training.recipes import RECIPES, load_recipe

LOGMEL = FeatureConfig(kind="logmel", sample_rate=8000, n_mels=20)
CEPSTRA = FeatureConfig(kind="cepstra")
ALWAYS = AugmentConfig(edges=1.0, silence_frames=50)
SPEECH = torch.arange(40.0)[:, None].repeat(1, 20) / 100  # every frame is told apart, and all are loud
ZERO = math.log(LOGMEL.floor)


def utterance(lead=15, tail=25):
    return torch.cat([torch.full((lead, 20), -9.0), SPEECH, torch.full((tail, 20), -9.0)])


def drawn(x, features=LOGMEL, config=ALWAYS, seeds=300):
    return [with_other_edges(x, config, features, torch.Generator().manual_seed(seed)) for seed in range(seeds)]


def around(x):
    """Frames before and behind the speech of ``utterance``, whose frames are all there, once and in order."""
    first = next(i for i in range(len(x)) if torch.equal(x[i : i + 40], SPEECH))
    return x[:first], x[first + 40 :]


def test_speech_stays_whole_behind_no_silence_or_up_to_the_longest():
    lengths = [[len(part) for part in around(x)] for x in drawn(utterance())]
    for end in zip(*lengths, strict=True):
        assert 0.4 < sum(length == 0 for length in end) / len(end) < 0.6
        assert max(end) <= 50
        assert max(end) > 45
    assert any(lead == tail == 0 for lead, tail in lengths)


def test_other_silence_is_digital_zeros_or_noise_far_below_the_speech():
    parts = [part for x in drawn(utterance()) for part in around(x) if len(part)]
    zeros = [part for part in parts if bool((part == ZERO).all())]
    noise = [part for part in parts if not bool((part == ZERO).all())]
    assert 0.3 < len(zeros) / len(parts) < 0.7
    assert all(float(part.mean()) < float(SPEECH.max()) - 25 * math.log(10) / 10 + 1.5 for part in noise)
    assert all(float(part.min()) >= ZERO - 1e-4 for part in noise)


def test_cepstra_repeat_their_own_quietest_frames():
    x = torch.cat([torch.full((20, 13), 5.0), torch.full((40, 13), 12.0), torch.full((20, 13), 5.0)])
    for changed in drawn(x, CEPSTRA, seeds=50):
        assert set(changed.unique().tolist()) <= {5.0, 12.0}
        assert int((changed[:, 0] == 12.0).sum()) == 40


def test_a_share_of_the_ends_is_left_as_it_was():
    changed = drawn(utterance(), config=AugmentConfig(edges=0.5, silence_frames=50))
    ends = [
        [len(part) == own and bool((part == -9.0).all()) for part, own in zip(around(x), (15, 25), strict=True)]
        for x in changed
    ]
    assert all(0.4 < sum(end) / len(end) < 0.6 for end in zip(*ends, strict=True))


def test_the_seed_decides():
    assert all(torch.equal(a, b) for a, b in zip(drawn(utterance(), seeds=9), drawn(utterance(), seeds=9), strict=True))


def test_an_utterance_without_silence_keeps_all_its_frames():
    assert all(len(x) >= 40 for x in drawn(SPEECH * 0, seeds=20))


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains_with_0_to_500_ms_of_silence_at_both_ends_and_with_none(name):
    recipe = load_recipe(name)
    for run in (recipe.float_run, recipe.aat_run):
        assert run.augment.edges > 0
        assert run.augment.silence_frames * recipe.features.frame_period_s == 0.5
