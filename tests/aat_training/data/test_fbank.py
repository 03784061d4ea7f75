"""Kaldi's filter banks: the frames of its own convention, each at the moment when its samples are there."""

import numpy as np

from aat_training.data.fbank import fbank_ready_s, kaldi_fbank


def noise(seconds: float, rate: int = 16000) -> np.ndarray:
    return np.random.default_rng(0).normal(size=round(seconds * rate)).astype(np.float32) * 0.1


def test_there_is_a_frame_for_every_ten_milliseconds_of_sound() -> None:
    features = kaldi_fbank(noise(1.0), 16000, 16000, 80)
    assert (features.shape, features.dtype) == ((100, 80), np.float32)
    assert np.isfinite(features).all()
    assert kaldi_fbank(noise(0.02), 16000, 16000, 80).shape == (0, 80)


def test_a_frame_is_ready_when_its_last_sample_is_there() -> None:
    sound = noise(0.5)
    for frame in (0, 7, 20):
        known = round(fbank_ready_s(frame) * 16000)
        later = np.concatenate([sound[:known], np.zeros(len(sound) - known, np.float32)])
        first, other = kaldi_fbank(sound, 16000, 16000, 40), kaldi_fbank(later, 16000, 16000, 40)
        np.testing.assert_allclose(first[frame], other[frame], atol=1e-5)
        assert not np.allclose(first[frame + 1], other[frame + 1], atol=1e-3)


def test_the_sound_is_resampled() -> None:
    assert kaldi_fbank(noise(1.0, 8000), 8000, 16000, 80).shape == (100, 80)
