import torch

from aat_training.delays import last_frames, matched_delays


def test_a_delay_counts_from_the_end_of_the_word_to_its_emission():
    assert matched_delays(["one", "two"], [0.5, 1.0], ["one", "two"], [0.75, 1.5]) == [0.25, 0.5]


def test_wrong_missing_and_added_words_have_no_delay():
    found = matched_delays(["one", "two", "three"], [1.0, 2.0, 3.0], ["one", "four", "three", "five"], [1.5, 2.5, 4, 5])
    assert found == [0.5, 1.0]
    assert matched_delays(["one", "two"], [1.0, 2.0], ["two"], [2.25]) == [0.25]


def test_the_last_frame_of_each_token_of_a_path():
    assert last_frames(torch.tensor([0, 3, 3, 0, 2, 4, 4])) == [2, 4, 6]
