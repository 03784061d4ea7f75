"""When words are known: the best path of the CTC head, in frames of features."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from aat_training.align import words_known


def test_every_word_is_known_at_an_output_of_the_encoder_one_after_the_other(float_model, float_checkpoint, examples):
    shape = float_checkpoint.recipe.model
    for example in examples[:4]:
        known = words_known(float_model, float_checkpoint, example.x_TD.numpy(), example.text)
        assert len(known) == len(example.text.split())
        assert all(this < following for this, following in pairwise(known))
        assert all(frame % (shape.stack * shape.reduction) == 0 for frame in known)
        assert known[-1] <= len(example.x_TD)


def test_words_are_known_where_the_head_says_so(float_model, float_checkpoint, examples, monkeypatch):
    example = examples[0]
    outputs = len(example.x_TD) // 6
    scores = torch.full((outputs, 1, float_checkpoint.tokens.size), -20.0)
    scores[..., 0] = 0.0
    for output, token in ((2, 1), (5, 1), (6, 3)):
        scores[output, 0, token] = 20.0
    monkeypatch.setattr(float_model, "ctc_logits", lambda encoded: scores)
    assert words_known(float_model, float_checkpoint, example.x_TD.numpy(), "one one three") == [18, 36, 42]


@pytest.mark.parametrize("text", ["", "one unheard", " ".join(["one"] * 40)])
def test_there_is_no_path_for_what_the_model_cannot_say(float_model, float_checkpoint, examples, text):
    assert words_known(float_model, float_checkpoint, examples[0].x_TD.numpy(), text) is None
