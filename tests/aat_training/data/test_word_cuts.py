"""Speech is cut where it pauses, and nowhere else."""

from __future__ import annotations

import numpy as np

from aat_training.data.word_cuts import Cut, word_cuts


def _two_words(gap: float) -> np.ndarray:
    """Two words of 30 frames with 10 frames between them at the level ``gap``; silence is 0, speech 10."""
    silence, word = np.zeros(20, np.float32), np.full(30, 10, np.float32)
    return np.concatenate([silence, word, np.full(10, gap, np.float32), word, silence])


def test_a_pause_is_cut_in_its_quietest_frames() -> None:
    (cut,) = word_cuts(_two_words(0.0), [55, 96])
    assert cut.quiet
    assert 50 <= cut.frame < 60


def test_words_that_run_into_each_other_have_a_place_but_no_pause() -> None:
    (cut,) = word_cuts(_two_words(9.0), [55, 96])
    assert not cut.quiet
    assert 50 <= cut.frame < 60


def test_a_word_without_room_for_a_cut_is_never_cut_quietly() -> None:
    assert word_cuts(_two_words(0.0), [6, 8]) == [Cut(1, quiet=False)]


def test_cuts_rise() -> None:
    level = np.random.default_rng(0).random(400).astype(np.float32)
    frames = [cut.frame for cut in word_cuts(level, [40, 80, 90, 160, 300])]
    assert frames == sorted(frames)
    assert len(frames) == 4


def test_one_word_has_no_cut() -> None:
    assert word_cuts(_two_words(0.0), [55]) == []
