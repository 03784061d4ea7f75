"""Accumulators in training: proven wide enough, refused by name, or followed as the reference does where they are not.

No recogniser that this package can build reaches 32 bits with int8 operands, so most tests make accumulators narrow.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from aat_training.data.batches import stacked
from aat_training.decode.greedy import GreedyDecoder
from aat_training.explain import explain, table
from aat_training.quant.accumulator import Accumulator
from aat_training.quant.chip_arithmetic import LOGIT_STEP
from aat_training.quant.linear import ChipLinear, LinearWeights
from aat_training.quant.lstm import LstmKernel, LstmSequence, quantise_lstm
from nnasim.errors import NumericsError
from nnasim.numerics import ops
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.layers import Ranges, build_cell
from nnasim.numerics.rescale import requantise
from nnasim.reference import decode
from tests.aat_training.quant.chips import CHIPS
from tests.aat_training.quant.test_exactness import reference_of

LONGEST_K = 4096 * 8  # units times reduction, the largest that a recipe may have
BEYOND_32 = 140_000  # K at which int8 operands may leave 32 bits


def narrow(bits: int, overflow: str) -> NumericsConfig:
    """Narrower than any preset may be."""
    fields = {**dict(NumericsConfig()), "accumulator_bits": bits, "overflow": overflow}
    return NumericsConfig.model_construct(**fields)  # unchecked: no chip has an accumulator so narrow


@pytest.mark.parametrize("name", CHIPS)
@pytest.mark.parametrize("overflow", ["error", "wrap", "saturate"])
def test_no_layer_that_a_recipe_may_have_can_overflow(name, overflow):
    numerics = NumericsConfig(**CHIPS[name], overflow=overflow)
    assert not Accumulator.of("enc0.x", torch.full((1, LONGEST_K), 127.0), torch.ones(1), numerics).reachable


class TestError:
    def test_what_the_weights_can_reach_is_refused_by_layer_and_value(self):
        layer = nn.Linear(BEYOND_32, 1)
        nn.init.constant_(layer.weight, 1.0)
        message = r"output\.mm: accumulator = 2275\d+: K = 140000 can overflow 32 bits"
        with pytest.raises(NumericsError, match=message):
            LinearWeights.of("output.mm", layer, 2.0**-7, NumericsConfig())

    def test_what_only_the_bits_can_reach_is_not(self):
        layer = nn.Linear(BEYOND_32, 1)
        nn.init.constant_(layer.weight, 0.1)
        layer.weight.data[0, 0] = 1.0
        assert not LinearWeights.of("output.mm", layer, 2.0**-7, NumericsConfig()).accumulator.reachable

    @pytest.mark.parametrize("product", ["x", "h_mm"])
    def test_a_recurrent_layer_names_its_product(self, product, on_chip):
        kernel, parameters, *_ = layer_case(narrow(18, "error"))
        parameters[0 if product == "h_mm" else 1] *= 0  # leaves the other one to blame
        if product == "h_mm":
            parameters[2] *= 0
        with pytest.raises(NumericsError, match=rf"layer\.{product}: accumulator = \d+: K = \d+ can overflow 18 bits"):
            quantise_lstm(kernel, *parameters)


def layer_case(numerics: NumericsConfig, units: int = 40, inputs: int = 50):
    rng = torch.Generator().manual_seed(4)
    cell = build_cell(numerics, Ranges(6.0, 3.0, 3.0, 4.0))
    shapes = (4 * units, inputs), (4 * units, units), (4 * units,)
    parameters = [0.2 * torch.randn(shape, generator=rng) for shape in shapes]
    x = torch.randint(-128, 128, (5, 2, inputs), generator=rng).float()
    h = torch.randint(-128, 128, (2, units), generator=rng).float()
    return LstmKernel.of("layer", cell, numerics, 2.0**-7), parameters, x, h, torch.zeros(2, units)


@pytest.mark.parametrize("overflow", ["wrap", "saturate"])
@pytest.mark.parametrize("grad", [True, False], ids=["training", "decoding"])
def test_a_recurrent_layer_leaves_its_accumulators_as_the_reference_does(overflow, grad):
    numerics = narrow(16, overflow)
    kernel, parameters, x, h, c = layer_case(numerics)
    weights = quantise_lstm(kernel, *parameters)
    assert weights.acc_x.reachable
    assert weights.acc_h.reachable
    with torch.set_grad_enabled(grad):
        outputs, _ = LstmSequence.apply(x, *parameters, h, c, kernel)

    def product(values: np.ndarray, weight: torch.Tensor, bias: torch.Tensor | None, scale) -> np.ndarray:
        bias_int = None if bias is None else bias.numpy().astype(np.int64)
        rows = weight.numpy().astype(np.int64)
        acc = ops.matmul(values, rows, bias_int, accumulator_bits=16, overflow=overflow)
        left.append(acc != ops.matmul(values, rows, bias_int, accumulator_bits=32))
        return requantise(acc, scale.requant, 32)

    left: list[np.ndarray] = []
    h_int, c_int = h.numpy().astype(np.int64), c.numpy().astype(np.int64)
    for t, frame in enumerate(x.numpy().astype(np.int64)):
        gx = product(frame, weights.w_x, weights.bias, weights.scale_x)
        h_int, c_int = kernel.cell.step(gx, product(h_int, weights.w_h, None, weights.scale_h), c_int)
        np.testing.assert_array_equal(outputs[t].detach().numpy(), h_int)
    assert np.concatenate(left).mean() > 0.05  # accumulators did leave their bits


@pytest.mark.parametrize("overflow", ["wrap", "saturate"])
def test_a_whole_recogniser_decodes_as_the_reference_does(overflow, on_chip, examples, recipe):
    model = on_chip(narrow(16, overflow))
    reference, frames = reference_of(model, narrow(16, overflow)), stacked(examples[0].x_TD, recipe.model.stack)
    decoder = GreedyDecoder(model, recipe.model.max_symbols, keep_logits=True)
    decoder.feed(frames)
    features = ((frames - model.feature_mean) * model.feature_scale).numpy()
    tokens, logits = decode(reference, features, recipe.model.max_symbols)
    ours = torch.stack(decoder.decoded.logits).double().numpy() / LOGIT_STEP
    assert tokens == decoder.decoded.tokens
    np.testing.assert_array_equal(ours, np.stack(logits))
    wide = GreedyDecoder(on_chip(NumericsConfig()), recipe.model.max_symbols, keep_logits=True)
    wide.feed(frames)
    assert not np.array_equal(ours, torch.stack(wide.decoded.logits).double().numpy() / LOGIT_STEP)


def test_32_bits_wrap_where_k_is_large_enough():
    numerics, layer = NumericsConfig(overflow="wrap"), nn.Linear(BEYOND_32, 2)
    nn.init.constant_(layer.weight, 1.0)
    linear = LinearWeights.of("layer", layer, 2.0**-7, numerics)
    x = torch.full((3, BEYOND_32), -128.0)
    x[1] = 127.0
    x[2, : BEYOND_32 // 2] = 0.0
    plain = x.numpy().astype(np.int64) @ linear.weight.numpy().astype(np.int64).T + linear.bias.numpy().astype(np.int64)
    wrapped = (plain + 2**31) % 2**32 - 2**31
    assert (wrapped != plain).any(1).tolist() == [True, True, False]
    np.testing.assert_array_equal(linear.product(x).numpy(), wrapped)


@pytest.mark.parametrize(("overflow", "passes"), [("saturate", False), ("wrap", True)])
def test_what_saturates_has_no_gradient_and_what_wraps_has(overflow, passes):
    layer, x = nn.Linear(30, 4), torch.full((1, 30), 127.0, requires_grad=True)
    nn.init.constant_(layer.weight, 0.5)
    weights = LinearWeights.of("layer", layer, 2.0**-7, narrow(18, overflow))
    ChipLinear.apply(x, layer.weight, layer.bias, weights).sum().backward()
    assert bool(layer.weight.grad.any()) == passes
    assert bool(x.grad.any()) == passes


def test_a_saturated_gate_passes_nothing_to_its_own_product_alone():
    kernel, parameters, x, h, c = layer_case(narrow(19, "saturate"))
    parameters[2] *= 0
    parameters[1] *= 0.01
    w_ih = torch.full_like(parameters[0], 0.2).requires_grad_()  # every sum of x is as large as it can be
    w_hh = parameters[1].requires_grad_()
    out, _ = LstmSequence.apply(torch.full_like(x, 127.0), w_ih, w_hh, parameters[2], h, c, kernel)
    out.sum().backward()
    assert not w_ih.grad.any()


def test_explaining_shows_bits_and_verdict(on_chip):
    model = on_chip(narrow(15, "wrap"))
    text = table(explain(model, narrow(15, "wrap")), "wrap")
    assert "int15 may wrap" in text
    text = table(explain(on_chip(NumericsConfig()), NumericsConfig()), "error")
    assert text.count("int32 safe") == 9
