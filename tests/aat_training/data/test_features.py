"""A frame depends on its own window only, and is computed the same way whatever follows it."""

import math
import struct

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from aat_training.data.features import FeatureConfig, features_of, log_mel
from aat_training.data.manifest import Entry
from nnasim.errors import ManifestError

CFG = FeatureConfig(sample_rate=8000, n_mels=40)
NOISE = (np.random.default_rng(0).standard_normal(60_000) * 0.1).astype(np.float32)
FEATURES = log_mel(NOISE, 8000, CFG)


def test_frames_of_25_ms_every_10_ms():
    assert (CFG.window, CFG.hop, CFG.frame_period_s, CFG.dimension) == (200, 80, 0.01, 40)
    assert FEATURES.shape == ((60_000 - 200) // 80 + 1, 40)
    assert FEATURES.dtype == np.float32
    assert CFG.frame_ready_s(0) == 0.025
    assert CFG.frame_ready_s(10) == 0.125


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60_000))
def test_the_features_of_a_prefix_are_a_prefix_of_the_features(samples):
    prefix = log_mel(NOISE[:samples], 8000, CFG)
    assert np.array_equal(prefix, FEATURES[: len(prefix)])
    ready = sum(CFG.frame_ready_s(t) <= samples / 8000 for t in range(len(prefix) + 2))
    assert len(prefix) == ready


def test_a_frame_hears_nothing_outside_its_window():
    changed = NOISE.copy()
    changed[80 * 100 + 200 :] = 0.9
    changed[: 80 * 100] = -0.9
    assert np.array_equal(log_mel(changed, 8000, CFG)[100], FEATURES[100])


def test_the_number_of_threads_changes_nothing():
    threads = torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            assert np.array_equal(log_mel(NOISE, 8000, CFG), FEATURES)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("rate", [8000, 16_000])
def test_a_tone_is_loudest_in_the_filter_around_its_frequency(rate):
    cfg = FeatureConfig(sample_rate=rate, n_mels=80)
    wave = np.sin(2 * np.pi * 1000 * np.arange(rate) / rate).astype(np.float32)
    mel = lambda hz: 2595 * math.log10(1 + hz / 700)  # noqa: E731  HTK's formula
    position = (mel(1000) - mel(20)) / (mel(rate / 2) - mel(20)) * 81 - 1
    loudest = int(log_mel(wave, rate, cfg).mean(axis=0).argmax())
    assert abs(loudest - position) <= 1


def test_silence_is_a_number():
    assert np.allclose(log_mel(np.zeros(800, np.float32), 8000, CFG), math.log(CFG.floor))


def test_other_rates_are_resampled_first():
    wide = FeatureConfig(sample_rate=16_000)
    assert len(log_mel(NOISE, 48_000, wide)) == (20_000 - 400) // 160 + 1


@pytest.mark.parametrize(
    "fields",
    [
        {"n_mels": 0}, {"n_mels": 81}, {"sample_rate": 44_100}, {"f_min": 8000.0}, {"f_max": 9000.0},
        {"deltas": True}, {"floor": 0.0}, {"floor": math.nan}, {"floor": 1e-300}, {"floor": 1e300}, {"unknown": 1},
        {"kind": "mfcc"},
    ],
)  # fmt: skip
def test_an_impossible_configuration_is_refused(fields):
    with pytest.raises(ValidationError):
        FeatureConfig(**fields)


def mfc(rows, count=None):
    flat = np.asarray(rows, ">f4").ravel()
    return struct.pack(">I", len(flat) if count is None else count) + flat.tobytes()


def entry(**path):
    return Entry(id="a", duration=60.0, text="x", speaker="s", where="m.jsonl line 7", **path)


def test_features_of_an_entry(tmp_path, write_audio):
    write_audio(tmp_path / "a.wav", NOISE)
    (tmp_path / "a.mfc").write_bytes(mfc(np.ones((4, 13))))
    assert features_of(entry(audio_filepath=str(tmp_path / "a.wav")), CFG).shape == (748, 40)
    cepstra = entry(features_filepath=str(tmp_path / "a.mfc"))
    assert features_of(cepstra, FeatureConfig(kind="cepstra")).shape == (4, 13)
    assert features_of(cepstra, FeatureConfig(kind="cepstra", deltas=True)).shape == (4, 26)


def test_the_wrong_kind_of_file_is_named_with_its_line(tmp_path, write_audio):
    short = write_audio(tmp_path / "short.wav", np.zeros(199))
    for path, cfg, complaint in (
        ({"audio_filepath": "a.wav"}, FeatureConfig(kind="cepstra"), "needs cepstra"),
        ({"features_filepath": "a.mfc"}, CFG, "needs audio"),
        ({"features_filepath": "a.mfc"}, FeatureConfig(kind="cepstra"), "No such file"),
        ({"audio_filepath": str(short)}, CFG, "shorter than one window"),
    ):
        with pytest.raises(ManifestError, match=complaint) as caught:
            features_of(entry(**path), cfg)
        assert str(caught.value).startswith("m.jsonl line 7: ")
