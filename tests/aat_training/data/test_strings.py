"""Strings of single words: one speaker each, within the bounds asked for, the same for the same seed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aat_training.data.clip import Surroundings
from aat_training.data.strings import Recording, Style, word_strings
from aat_training.data.trim import DEPTH_DB, MARGIN_S, trimmed

RATE = 8000
QUIET = Style(words=(2, 4), around=Surroundings(snr_db=None))
VOICES = {
    speaker: [Recording(f"word{n}", Path(f"{speaker}/{n}")) for n in range(3)] for speaker in ("anna", "bert", "carl")
}


def load(path):
    """Every recording is steady; its level tells which one it is."""
    level = 0.1 * (1 + int(path.name)) * (1 if path.parent.name == "anna" else -1)
    return np.full(800, level, np.float32)


def clips_of(count=9, style=QUIET, seed=0):
    return list(word_strings(VOICES, count, RATE, load, style, seed))


def same(utterance, other):
    return utterance.words == other.words and np.array_equal(utterance.samples, other.samples)


def test_a_string_is_of_one_speaker_and_speakers_take_turns():
    clips = clips_of()
    assert [clip.speaker for clip in clips] == ["anna", "bert", "carl"] * 3
    for clip in clips:
        assert 2 <= len(clip.words) <= 4
        for word in clip.words:
            level = 0.1 * (1 + int(word.word[-1])) * (1 if clip.speaker == "anna" else -1)
            assert clip.samples[word.start : word.end] == pytest.approx(level)


def test_an_utterance_depends_on_the_seed_and_its_number_only():
    assert all(map(same, clips_of(3), clips_of(9)))
    assert not same(clips_of(1)[0], clips_of(1, seed=1)[0])


@pytest.mark.parametrize("bounds", [(0.0, 0.0), (0.0, 0.5), (0.2, 0.2)])
def test_silences_lie_within_their_bounds(bounds):
    style = replace(QUIET, around=Surroundings(lead_s=bounds, pause_s=bounds, tail_s=bounds, snr_db=None))
    for clip in clips_of(style=style):
        gaps = [clip.words[0].start, len(clip.samples) - clip.words[-1].end]
        gaps += [after.start - before.end for before, after in zip(clip.words, clip.words[1:], strict=False)]
        assert all(bounds[0] * RATE <= gap <= bounds[1] * RATE for gap in gaps)


def test_a_level_is_the_peak_of_every_word():
    for clip in clips_of(style=replace(QUIET, level_db=(6.0, 20.0))):
        peaks = [np.abs(clip.samples[word.start : word.end]).max() for word in clip.words]
        assert max(peaks) == pytest.approx(min(peaks), rel=1e-5)
        assert 0.1 <= peaks[0] <= 0.502


def test_another_speed_moves_the_words_with_the_audio():
    slow, clip = clips_of(1, replace(QUIET, speed=(0.8, 0.8)))[0], clips_of(1)[0]
    assert len(slow.samples) == pytest.approx(len(clip.samples) / 0.8, abs=2)
    for before, after in zip(clip.words, slow.words, strict=True):
        assert (after.start, after.end) == pytest.approx((before.start / 0.8, before.end / 0.8), abs=1)
        assert np.median(slow.samples[after.start : after.end]) == pytest.approx(clip.samples[before.start], abs=0.01)


def test_a_room_adds_a_tail_and_keeps_length_and_times():
    echo, clip = clips_of(1, replace(QUIET, room_s=(0.3, 0.3)))[0], clips_of(1)[0]
    assert echo.words == clip.words
    assert len(echo.samples) == len(clip.samples)
    last = clip.words[-1].end
    assert not clip.samples[last:].any()
    near, far = np.split(echo.samples[last : last + 1600].astype(float), 2)
    assert np.square(near).mean() > 10 * np.square(far).mean() > 0


def word_in_silence(level=1e-5, rate=RATE):
    rng = np.random.default_rng(0)
    samples = level * rng.standard_normal(rate).astype(np.float32)
    samples[3000:5000] += np.sin(np.arange(2000)).astype(np.float32)
    return samples


@pytest.mark.parametrize("level", [0.0, 1e-5, 1e-3])
def test_trimming_keeps_the_word_and_a_margin(level):
    samples = word_in_silence(level)
    word = trimmed(samples, RATE)
    assert 2000 + MARGIN_S * RATE <= len(word) <= 2000 + 2 * (MARGIN_S + 0.01) * RATE
    assert np.isin(samples[3000:5000], word).all()


def test_trimming_keeps_soft_ends_and_all_of_a_recording_without_pauses():
    samples = word_in_silence(0.0)
    samples[5000:6000] = samples[3000:4000] * 10 ** (-(DEPTH_DB - 3) / 20)
    assert len(trimmed(samples, RATE)) >= 3000
    full = np.sin(np.arange(800)).astype(np.float32)
    assert np.array_equal(trimmed(full, RATE), full)


def test_trimming_silence_leaves_nothing():
    assert len(trimmed(np.zeros(800, np.float32), RATE)) == 0
