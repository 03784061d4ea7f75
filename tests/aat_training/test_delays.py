import pytest
import torch

from aat_training import delays
from aat_training.data.manifest import Entry
from aat_training.delays import ctc_ends, last_frames, matched_delays


def test_a_delay_counts_from_the_end_of_the_word_to_its_emission():
    assert matched_delays(["one", "two"], [0.5, 1.0], ["one", "two"], [0.75, 1.5]) == [0.25, 0.5]


def test_wrong_missing_and_added_words_have_no_delay():
    delays = matched_delays(
        ["one", "two", "three"], [1.0, 2.0, 3.0], ["one", "four", "three", "five"], [1.5, 2.5, 4, 5]
    )
    assert delays == [0.5, 1.0]
    assert matched_delays(["one", "two"], [1.0, 2.0], ["two"], [2.25]) == [0.25]


def test_the_last_frame_of_each_token_of_a_path():
    assert last_frames(torch.tensor([0, 3, 3, 0, 2, 4, 4])) == [2, 4, 6]


@pytest.fixture
def entry(monkeypatch, examples):
    monkeypatch.setattr(delays, "features_of", lambda entry, config: examples[0].x_TD.numpy())
    return Entry(id="u", audio_filepath="none.wav", duration=1.0, text="one", speaker="s")


def test_a_forced_alignment_gives_every_token_an_end_in_order(float_model, float_checkpoint, entry, examples):
    ends = ctc_ends(float_model, float_checkpoint, entry, [1, 2, 2, 3])
    assert len(ends) == 4
    assert ends == sorted(set(ends))
    assert 0 < ends[0] <= ends[-1] <= float_checkpoint.recipe.features.frame_ready_s(len(examples[0].x_TD))


def test_more_tokens_than_frames_cannot_be_aligned(float_model, float_checkpoint, entry):
    assert ctc_ends(float_model, float_checkpoint, entry, [1] * 1000) is None
    assert ctc_ends(float_model, float_checkpoint, entry, []) is None
