"""Audio that is read, resampled and turned into features block by block: the bits of the whole."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import soundfile

from aat_training.data import audio, resample
from aat_training.data.audio import audio_blocks, read_audio
from aat_training.data.features import FeatureConfig, feature_blocks, features_of, log_mel, log_mel_of
from aat_training.data.manifest import Entry
from aat_training.data.resample import resampled_blocks
from aat_training.data.trim import levels_db, levels_of_blocks
from nnasim.errors import ManifestError

CONFIG = FeatureConfig(sample_rate=8000, n_mels=20)


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(count).normal(0, 0.1, count).astype(np.float32)


def cut(samples: np.ndarray, seed: int) -> list[np.ndarray]:
    """Blocks of uneven lengths, some of them empty."""
    places = np.random.default_rng(seed).integers(0, len(samples) + 1, 7)
    return np.split(samples, sorted([*places, *places[:2]]))


def entry(path, seconds: float, offset: float | None = None) -> Entry:
    return Entry(id="u", audio_filepath=str(path), duration=seconds, text="", offset=offset)


@pytest.mark.parametrize("count", [0, 199, 200, 201, 20_000, 20_680, 41_160, 60_000])
def test_features_of_blocks_are_those_of_the_whole(count):
    samples = noise(count)
    whole = log_mel(samples, 8000, CONFIG)
    assert len(whole) == max(0, (count - 200) // 80 + 1)
    for seed in range(3):
        assert np.array_equal(log_mel_of(cut(samples, seed), 8000, CONFIG), whole)


@pytest.mark.parametrize(("rate", "target"), [(16_000, 8000), (48_000, 16_000), (44_100, 8000)])
def test_a_resampled_stream_is_the_resampled_whole(rate, target, monkeypatch):
    monkeypatch.setattr(resample, "_BLOCK", 150_000)
    samples = noise(500_123)
    stream = list(resampled_blocks(np.array_split(samples, 14), rate, target))
    assert len(stream) > 1
    assert np.array_equal(np.concatenate(stream), resample.resample(samples, rate, target))


def test_of_no_audio_nothing_is_resampled():
    assert list(resampled_blocks([], 44_100, 16_000)) == []


def test_levels_of_blocks_are_those_of_the_whole():
    samples = noise(10_037)
    whole, hop = levels_db(samples, 8000)
    for seed in range(3):
        levels, same_hop = levels_of_blocks(cut(samples, seed), 8000)
        assert same_hop == hop
        assert np.array_equal(levels, whole)


@pytest.mark.parametrize("container", ["wav", "flac"])
@pytest.mark.parametrize("offset", [None, 0.0, 1.25])
def test_blocks_of_a_file_are_its_samples(tmp_path, monkeypatch, container, offset):
    monkeypatch.setattr(audio, "_BLOCK_FRAMES", 1000)
    stereo = np.random.default_rng(1).integers(-9999, 9999, (30_000, 2), dtype=np.int16)
    soundfile.write(tmp_path / f"a.{container}", stereo, 8000)
    mono = (stereo.astype(np.float64) / 32768).mean(axis=1).astype(np.float32)
    with audio_blocks(entry(tmp_path / f"a.{container}", 2, offset)) as (blocks, rate):
        samples = list(blocks)
    assert rate == 8000
    assert max(map(len, samples)) == 1000
    first = round(8000 * (offset or 0))
    assert np.array_equal(np.concatenate(samples), mono[first : first + 16_000])
    assert np.array_equal(read_audio(entry(tmp_path / f"a.{container}", 2, offset))[0], mono[first : first + 16_000])


def test_damage_is_told_by_the_line_when_the_stream_comes_to_it(tmp_path):
    samples = noise(60_000)
    samples[-5] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, 8000, subtype="FLOAT")
    spoken = entry(tmp_path / "a.wav", 7.5)
    with pytest.raises(ManifestError, match=r"entry: audio_filepath .*not finite"):
        list(feature_blocks(spoken, CONFIG))


def test_damage_behind_an_utterance_is_told_where_the_file_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(audio, "_BLOCK_FRAMES", 1000)
    samples = noise(60_000)
    samples[-5] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, 8000, subtype="FLOAT")
    with pytest.raises(ManifestError, match="not finite"):
        features_of(entry(tmp_path / "a.wav", 2), CONFIG)
    assert len(features_of(entry(tmp_path / "a.wav", 2, offset=0.0), CONFIG)) == 198


def test_an_utterance_of_less_than_a_window_is_told_by_its_line(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(199), 8000)
    with pytest.raises(ManifestError, match=r"entry: audio_filepath .*is shorter than one window of 0\.025 s"):
        features_of(entry(tmp_path / "a.wav", 1), CONFIG)


def test_a_stream_of_features_holds_no_more_of_long_audio_than_of_short(tmp_path):
    def most_held(seconds: int) -> int:
        soundfile.write(tmp_path / "a.wav", noise(8000 * seconds), 8000)
        tracemalloc.start()
        frames = sum(map(len, feature_blocks(entry(tmp_path / "a.wav", seconds), CONFIG)))
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert frames == 100 * seconds - 2
        return held

    most_held(20)  # what is made once
    assert most_held(120) < 1.1 * most_held(30)
