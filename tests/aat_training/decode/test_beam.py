"""Beam search against exhaustive enumeration: a beam that keeps everything finds exactly the best hypothesis."""

from __future__ import annotations

import math
from itertools import pairwise, product

import pytest
import torch

from aat_training.data.batches import stacked
from aat_training.decode.beam import BeamDecoder, Hypothesis, log_add, merged
from aat_training.tokens import BLANK


@pytest.fixture
def frames(examples, recipe):
    return stacked(examples[0].x_TD, recipe.model.stack)


@torch.no_grad()
def exhaustive(model, x_TF, max_symbols):
    """log probability of every symbol sequence, summed over all ways to spread it over the encoder outputs."""
    encoded, _ = model.encode(x_TF[:, None])
    enc_SJ = model.project_encoder(encoded)[:, 0]
    symbols = [n for n in range(model.shape.outputs) if n != BLANK]
    frame_choices = [c for length in range(max_symbols + 1) for c in product(symbols, repeat=length)]
    total: dict[tuple[int, ...], float] = {}
    for path in product(frame_choices, repeat=len(enc_SJ)):
        tokens, score = (), 0.0
        for enc_J, choice in zip(enc_SJ, path, strict=True):
            for symbol in (*choice, BLANK):
                out, _ = model.predict(torch.tensor([[BLANK], *[[t] for t in tokens]]))
                logits = model.logits(enc_J[None], model.project_prediction(out[-1]))[0]
                score += float(logits.double().log_softmax(-1)[symbol])
                tokens += (symbol,) if symbol != BLANK else ()
        total[tokens] = log_add(total[tokens], score) if tokens in total else score
    return total


def test_a_beam_that_keeps_everything_equals_enumeration(float_model, frames):
    steps = 2 * float_model.shape.reduction
    expected = exhaustive(float_model, frames[:steps], 1)
    decoder = BeamDecoder(float_model, 1, width=100)
    decoder.feed(frames[:steps])
    scores = {hypothesis.tokens: hypothesis.score for hypothesis in decoder.beam}
    assert scores == pytest.approx(expected, rel=1e-4)
    assert tuple(decoder.decoded.tokens) == max(expected, key=lambda tokens: expected[tokens])


@pytest.mark.parametrize("cuts", [[1], [2, 5]])
def test_chunks_change_nothing(float_model, frames, recipe, cuts):
    whole, pieces = (BeamDecoder(float_model, recipe.model.max_symbols, 4) for _ in range(2))
    whole.feed(frames)
    for chunk in torch.tensor_split(frames, cuts):
        pieces.feed(chunk)
    assert pieces.decoded.tokens == whole.decoded.tokens
    assert pieces.decoded.call_graphs == whole.decoded.call_graphs


def test_a_wider_beam_asks_for_more_and_never_finds_a_worse_hypothesis(float_model, frames, recipe):
    narrow, wide = (BeamDecoder(float_model, recipe.model.max_symbols, width) for width in (1, 8))
    narrow.feed(frames)
    wide.feed(frames)
    assert wide.decoded.call_graphs.count("joint") > narrow.decoded.call_graphs.count("joint")
    assert wide.beam[0].score >= narrow.beam[0].score - 1e-9


def test_equal_hypotheses_merge_and_their_probabilities_add():
    both = merged([Hypothesis((1,), (0,), math.log(0.2)), Hypothesis((1,), (1,), math.log(0.3))])
    assert both == [Hypothesis((1,), (1,), pytest.approx(math.log(0.5)))]


def test_the_order_of_equals_does_not_depend_on_how_they_came():
    a, b = Hypothesis((1,), (0,), -1.0), Hypothesis((2,), (0,), -1.0)
    assert merged([a, b]) == merged([b, a]) == [a, b]


def test_hypotheses_that_share_a_buffer_are_copied_when_they_take_turns(float_model, frames, recipe):
    decoder = BeamDecoder(float_model, recipe.model.max_symbols, 4)
    decoder.feed(frames)
    calls = decoder.decoded.call_graphs
    assert calls[:2] == ["prediction", "hypothesis_save"]  # the empty hypothesis has no other to take turns with
    for call, following in pairwise(calls):
        if call == "prediction":
            assert following == "hypothesis_save"
        if call == "hypothesis_load":
            assert following == "prediction"
        if call == "projection_load":
            assert following == "joint"
    assert 0 < calls.count("projection_load") < calls.count("joint")
    assert 0 < calls.count("hypothesis_load") < calls.count("prediction")
