"""What is trained is what the chip computes: torch and the numpy reference agree on every bit of whole utterances."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aat_training.data.batches import stacked
from aat_training.decode.greedy import GreedyDecoder
from aat_training.export import constants_of
from aat_training.quant.chip_arithmetic import LOGIT_STEP
from nnasim.ir.trace import OpTrace, placement_of
from nnasim.numerics.config import NumericsConfig
from nnasim.reference import Reference, decode
from tests.aat_training.quant.chips import CHIPS
from workloads.rnnt.builder import build_graphs, symbolic_utterance


def reference_of(model, numerics: NumericsConfig) -> Reference:
    tensors, graphs = build_graphs(model.shape, numerics, "aat")
    trace = OpTrace(
        system="aat", placement=placement_of("aat"), numerics=numerics, tensors=tensors, graphs=graphs,
        utterances=(symbolic_utterance(model.shape, 2, 0),),
    )  # fmt: skip
    return Reference(trace, constants_of(model))


@pytest.mark.parametrize("name", CHIPS)
def test_tokens_and_logits_of_whole_utterances_are_the_same_integers(name, on_chip, examples, recipe):
    numerics = NumericsConfig(**CHIPS[name])
    model = on_chip(numerics)
    reference = reference_of(model, numerics)
    compared = 0
    for example in examples[:3]:
        frames = stacked(example.x_TD, recipe.model.stack)
        decoder = GreedyDecoder(model, recipe.model.max_symbols, keep_logits=True)
        decoder.feed(frames)
        normalised = ((frames - model.feature_mean) * model.feature_scale).numpy()
        tokens, logits = decode(reference, normalised, recipe.model.max_symbols)
        ours = torch.stack(decoder.decoded.logits).double().numpy() / LOGIT_STEP
        assert tokens == decoder.decoded.tokens
        np.testing.assert_array_equal(ours, np.stack(logits))
        compared += ours.size
    assert compared > 300
    assert len(np.unique(ours)) > 20  # logits that never move would agree with anything


def test_training_and_decoding_compute_the_same_integers(on_chip, examples, recipe):
    model = on_chip(NumericsConfig())
    x = stacked(examples[0].x_TD, recipe.model.stack)[:, None]
    with torch.no_grad():
        decoded, _ = model.encode(x)
    trained, _ = model.encode(x)
    assert trained.requires_grad
    assert torch.equal(decoded, trained)
