"""Training and decoding with an activation unit of somebody else's package: forward, both gradients, reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aat_training.data.batches import stacked
from aat_training.decode.greedy import GreedyDecoder
from aat_training.quant.chip_arithmetic import LOGIT_STEP
from nnasim.numerics.activation_units.registry import UNITS
from nnasim.numerics.config import NumericsConfig
from nnasim.reference import decode
from tests.aat_training.quant.test_exactness import reference_of
from tests.nnasim.installed import install
from tests.nnasim.numerics.test_own_unit import CODE


@pytest.fixture
def numerics(tmp_path, monkeypatch) -> NumericsConfig:
    monkeypatch.syspath_prepend(install(tmp_path, "rational", CODE, {UNITS.group: "rational = RATIONAL"}))
    return NumericsConfig(activation="rational")


def test_the_decoders_logits_are_the_references(numerics, on_chip, examples, recipe) -> None:
    model, frames = on_chip(numerics), stacked(examples[0].x_TD, recipe.model.stack)
    decoder = GreedyDecoder(model, recipe.model.max_symbols, keep_logits=True)
    decoder.feed(frames)
    normalised = ((frames - model.feature_mean) * model.feature_scale).numpy()
    tokens, logits = decode(reference_of(model, numerics), normalised, recipe.model.max_symbols)
    assert tokens == decoder.decoded.tokens
    ours = torch.stack(decoder.decoded.logits).double().numpy() / LOGIT_STEP
    np.testing.assert_array_equal(ours, np.stack(logits))
    assert len(np.unique(ours)) > 20


@pytest.mark.parametrize("gradient", ["output", "segment"])
def test_a_gradient_reaches_every_parameter_of_a_layer(numerics, on_chip, examples, recipe, gradient) -> None:
    model = on_chip(numerics, gradient=gradient).train()
    encoded, _ = model.encode(stacked(examples[0].x_TD, recipe.model.stack)[:, None])
    model.arithmetic.real_activation(encoded).square().sum().backward()
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"):
        gradient_of = model.recurrent("enc0").module.get_parameter(name).grad
        assert gradient_of is not None
        assert torch.isfinite(gradient_of).all()
        assert gradient_of.abs().sum() > 0


def test_its_own_slope_is_what_the_segment_rule_trains_with(numerics, on_chip) -> None:
    kernel = on_chip(numerics, gradient="segment").arithmetic.kernel("enc0")
    at = kernel.tanh.index(torch.tensor([0.0, 4096.0, -8192.0]))
    assert kernel.tanh.pick(kernel.tanh.slopes, at).tolist() == pytest.approx([1.0, 1 / 4, 1 / 9])
