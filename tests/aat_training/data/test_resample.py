"""Any sample rate becomes the recipe's."""

import numpy as np
import pytest

from aat_training.data.resample import resample


@pytest.mark.parametrize(("rate", "target"), [(44_100, 16_000), (48_000, 8000), (8000, 16_000), (11_025, 8000)])
def test_a_tone_keeps_its_pitch_and_level_at_another_rate(rate, target):
    seconds = np.arange(rate) / rate
    out = resample(np.sin(2 * np.pi * 1000 * seconds).astype(np.float32), rate, target)
    assert out.dtype == np.float32
    assert abs(len(out) - target) <= 1
    wanted = np.sin(2 * np.pi * 1000 * np.arange(len(out)) / target)
    np.testing.assert_allclose(out[200:-200], wanted[200:-200], atol=0.01)


def test_an_awkward_ratio_is_at_most_one_part_in_2000_off_and_small():
    for rate in (16_001, 7_999, 383_999, 1_009):
        length = len(resample(np.zeros(rate, np.float32), rate, 16_000))
        assert abs(length / 16_000 - 1) <= 1 / 2000


def test_the_same_rate_changes_nothing():
    samples = np.ones(5, np.float32)
    assert resample(samples, 8000, 8000) is samples
