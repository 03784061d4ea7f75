"""A linear layer of the chip: the integers of nnasim.numerics, and the gradient of its straight-through version."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from aat_training.quant.linear import ChipLinear, LinearWeights
from aat_training.quant.look_up import LookUp
from nnasim.errors import NumericsError
from nnasim.numerics.activation import build_unit
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.rescale import requantise
from nnasim.numerics.weights import quantise_bias, quantise_weight

IN_STEP = 2.0**-7
OPTIONS = [
    {},
    {"weight_bits": 4},
    {"per_channel": False},
    {"multiplier_bits": 31},
    {"multiplier_bits": 31, "rounding": "double"},
    {"activation": "lut16", "activation_bits": 16, "accumulator_bits": 48},
]


def case(inputs: int, outputs: int, gain: float = 1.0, *, bias: bool = True, bits: int = 8):
    torch.manual_seed(4)
    layer = nn.Linear(inputs, outputs, bias=bias)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(gain)
    top = 1 << (bits - 1)
    return layer, torch.randint(-top, top, (3, 2, inputs)).float()


def integers(layer: nn.Linear, weights: LinearWeights, x: torch.Tensor, numerics: NumericsConfig) -> np.ndarray:
    """The same layer by nnasim.numerics, int64 throughout."""
    weight = quantise_weight(layer.weight.detach().numpy(), weights.scale.weight_step, numerics.weight_bits)
    acc = x.numpy().astype(np.int64) @ weight.astype(np.int64).T
    if layer.bias is not None:
        acc = acc + quantise_bias(layer.bias.detach().numpy(), weights.scale.acc_step).astype(np.int64)
    return requantise(acc, weights.scale.requant, 32)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(("inputs", "gain", "bias"), [(9, 1.0, True), (33, 40.0, False), (1100, 8.0, True)])
def test_the_integers_are_those_of_the_reference(options, inputs, gain, bias):
    numerics = NumericsConfig(**options)
    layer, x = case(inputs, 7, gain, bias=bias, bits=numerics.activation_bits)
    weights = LinearWeights.of("layer", layer, IN_STEP, numerics)
    expected = integers(layer, weights, x, numerics)
    assert np.abs(expected).max() > 100
    np.testing.assert_array_equal(weights.output(x).double().numpy(), expected)


def test_float32_carries_the_result_only_where_it_holds_every_value():
    for gain, expected in ((1.0, torch.float32), (3000.0, torch.float64)):
        layer, x = case(64, 5, gain)
        weights = LinearWeights.of("layer", layer, IN_STEP, NumericsConfig())
        assert (weights.reach < 1 << 24) == (expected == torch.float32)
        assert weights.output(x).dtype == expected
        assert weights.output(x).abs().max() <= weights.reach


@pytest.mark.parametrize("gain", [1.0, 3000.0])
def test_gradients_are_those_of_the_straight_through_layer(gain):
    layer, x = case(33, 7, gain)
    weights = LinearWeights.of("layer", layer, IN_STEP, NumericsConfig())
    probe = torch.randn(3, 2, 7)
    inputs = x.clone().requires_grad_()
    (ChipLinear.apply(inputs, layer.weight, layer.bias, weights) * probe).sum().backward()
    # In real units the layer is x w + b, with the weights that the chip has.
    real = (x.double() * IN_STEP).requires_grad_()
    weight = (weights.weight.double() * torch.from_numpy(weights.scale.weight_step)[:, None]).requires_grad_()
    bias = torch.zeros(7, dtype=torch.float64, requires_grad=True)
    ((real @ weight.T + bias) * 2.0**12 * probe).sum().backward()
    for own, other, scale in ((inputs, real, IN_STEP), (layer.weight, weight, 1), (layer.bias, bias, 1)):
        assert float((own.grad - other.grad * scale).norm()) <= 1e-6 * float(other.grad.norm() * scale)


def test_what_saturates_has_no_gradient():
    layer, x = case(600, 7, 1e5)
    layer.weight.data.abs_()
    x.fill_(127)
    weights = LinearWeights.of("layer", layer, IN_STEP, NumericsConfig())
    out = ChipLinear.apply(x, layer.weight, layer.bias, weights)
    assert out.abs().min() >= 2**31 - 1
    out.sum().backward()
    assert not layer.weight.grad.any()
    assert not layer.bias.grad.any()


@pytest.mark.parametrize("what", ["weight", "bias"])
def test_nan_is_an_error_that_names_the_layer(what):
    layer, _ = case(9, 7)
    getattr(layer, what).data[2] = float("nan")
    with pytest.raises(NumericsError, match=f"output.mm: {what}"):
        LinearWeights.of("output.mm", layer, IN_STEP, NumericsConfig())


def test_a_look_up_takes_any_memory_order_and_knows_what_saturates():
    unit = build_unit("tanh", NumericsConfig(), in_scale=2.0**-12, table_range=4.0)
    look_up = LookUp.of(unit, 16, 2.0**-12, "identity")
    x = torch.tensor([[-40000.0, -32768.0, 0.0], [5.0, 32767.0, 32768.0]])
    expected = torch.from_numpy(unit(x.clamp(-32768, 32767).numpy().astype(np.int64))).float()
    assert torch.equal(look_up(x), expected)
    assert torch.equal(look_up(x.T), expected.T)
    slopes = look_up.pick(look_up.slopes, look_up.index(x))
    assert (slopes[0, 0], slopes[1, 2]) == (0, 0)
    assert slopes.sum() == 4  # the borders themselves are inside
