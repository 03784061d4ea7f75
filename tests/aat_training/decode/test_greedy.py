"""Streaming: however the audio is cut into chunks, states and tokens are those of the whole utterance."""

from __future__ import annotations

import pytest
import torch

from aat_training.data.batches import collate, stacked
from aat_training.decode.batch import greedy_batch
from aat_training.decode.greedy import GreedyDecoder
from nnasim.numerics.config import NumericsConfig


@pytest.fixture(params=["float", "cpu_int8", "chip", "cpu_fallback"])
def model(request, float_model, dynamic_model, on_chip):
    if request.param == "float":
        return float_model
    if request.param == "cpu_int8":
        return dynamic_model
    return on_chip(NumericsConfig(), fallback=request.param == "cpu_fallback")


def decode(model, frames, cuts, max_symbols):
    decoder = GreedyDecoder(model, max_symbols, keep_logits=True)
    for chunk in torch.tensor_split(frames, cuts):
        decoder.feed(chunk)
    return decoder


@pytest.mark.parametrize("cuts", [[1], [2, 3, 3, 7], [5, 11], list(range(1, 30))])
def test_chunks_give_exactly_the_states_and_tokens_of_the_whole(model, examples, recipe, cuts):
    for example in examples[:4]:
        frames = stacked(example.x_TD, recipe.model.stack)
        whole, pieces = (decode(model, frames, c, recipe.model.max_symbols) for c in ([], cuts))
        assert pieces.decoded.tokens == whole.decoded.tokens
        assert pieces.decoded.call_graphs == whole.decoded.call_graphs
        assert pieces.decoded.emissions == whole.decoded.emissions
        for a, b in zip(pieces.decoded.logits, whole.decoded.logits, strict=True):
            assert torch.equal(a, b)
        for name, (h, c) in whole._encoder.layers.items():
            assert torch.equal(pieces._encoder.layers[name][0], h)
            assert torch.equal(pieces._encoder.layers[name][1], c)


def test_the_models_under_test_do_emit_symbols(model, examples, recipe):
    emitted = [decode(model, stacked(e.x_TD, 3), [], recipe.model.max_symbols).decoded.tokens for e in examples[:4]]
    assert any(emitted)


def test_a_decoder_starts_every_utterance_afresh(model, examples, recipe):
    frames = stacked(examples[0].x_TD, recipe.model.stack)
    first, again = (decode(model, frames, [], recipe.model.max_symbols) for _ in range(2))
    assert first.decoded.tokens == again.decoded.tokens
    assert all(torch.equal(a, b) for a, b in zip(first.decoded.logits, again.decoded.logits, strict=True))


def test_calls_are_what_greedy_decoding_makes(model, examples, recipe):
    """One encoder step a frame, one top step a pair of frames; a joint step per symbol and per final blank."""
    frames = stacked(examples[1].x_TD, recipe.model.stack)
    decoded = decode(model, frames, [], recipe.model.max_symbols).decoded
    calls = {name: decoded.call_graphs.count(name) for name in set(decoded.call_graphs)}
    assert calls["encoder"] == len(frames)
    assert calls["encoder_top"] == len(frames) // 2
    assert calls["prediction"] == len(decoded.tokens) + 1
    full = sum(decoded.emissions.count(frame) == recipe.model.max_symbols for frame in set(decoded.emissions))
    assert calls["joint"] == len(decoded.tokens) + len(frames) // 2 - full
    assert decoded.call_frames == sorted(decoded.call_frames)


def test_batched_decoding_finds_the_same_tokens(model, examples, recipe):
    part = examples[:6]
    batch = collate([e.x_TD for e in part], [e.tokens for e in part], recipe.model.stack, recipe.model.reduction)
    batched = greedy_batch(model, batch.x_TBF, batch.lengths.tolist(), recipe.model.max_symbols)
    alone = [decode(model, stacked(e.x_TD, 3), [], recipe.model.max_symbols).decoded.tokens for e in part]
    assert [symbols.tokens for symbols in batched] == alone
