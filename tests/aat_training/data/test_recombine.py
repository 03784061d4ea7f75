"""Pieces of one speaker's speech in new orders."""

from __future__ import annotations

import numpy as np

from aat_training.data.recombine import Piece, pieces, recombined
from aat_training.data.word_cuts import Cut


def _rows(count: int, value: float = 0.0) -> np.ndarray:
    return np.full((count, 13), value, np.float32) + np.arange(count, dtype=np.float32)[:, None]


def test_an_utterance_falls_apart_in_its_pauses_only() -> None:
    cuts = [Cut(10, quiet=True), Cut(20, quiet=False), Cut(30, quiet=True)]
    parts = pieces(["a", "b", "c", "d"], _rows(40), cuts)
    assert [part.words for part in parts] == [("a",), ("b", "c"), ("d",)]
    assert [len(part.rows) for part in parts] == [10, 20, 10]
    np.testing.assert_array_equal(np.concatenate([part.rows for part in parts]), _rows(40))


def test_new_utterances_are_of_one_speaker_and_hold_that_speech() -> None:
    bank = {"x": [Piece(("a",), _rows(5, 100)), Piece(("b", "c"), _rows(7, 200))], "y": [Piece(("d",), _rows(3, 300))]}
    made = list(recombined(bank, 6, (2, 4), seed=1))
    assert [utterance.speaker for utterance in made] == ["x", "y"] * 3
    lengths = {"a": 5, "b": 7, "c": 0, "d": 3}
    for utterance in made:
        assert len(utterance.rows) == sum(lengths[word] for word in utterance.words)
        assert 2 <= len(utterance.words) <= 5
        assert set(utterance.words) <= ({"d"} if utterance.speaker == "y" else {"a", "b", "c"})


def test_an_utterance_does_not_depend_on_how_many_are_made() -> None:
    bank = {"x": [Piece((str(number),), _rows(4, number)) for number in range(9)]}
    few, many = list(recombined(bank, 3, (2, 7), 5)), list(recombined(bank, 9, (2, 7), 5))
    assert [utterance.words for utterance in few] == [utterance.words for utterance in many[:3]]
    assert [u.words for u in many] != [u.words for u in recombined(bank, 9, (2, 7), 6)]
