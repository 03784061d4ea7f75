"""A bias beyond the accumulator's half is clipped: no step of an optimiser changes what the chip adds, so no gradient.

Rows of zero weights have the smallest step there is, so that a bias of 1 is clipped without any gate saturating.
"""

import pytest
import torch
from torch import nn

from aat_training.quant.fallback_lstm import FallbackSequence
from aat_training.quant.linear import ChipLinear, LinearWeights
from aat_training.quant.lstm import LstmKernel, LstmSequence
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.layers import Ranges, build_cell

CLIPPED, FREE = 2, 3


@pytest.mark.parametrize("sequence", [LstmSequence, FallbackSequence])
def test_a_clipped_bias_of_an_lstm_has_no_gradient_and_its_neighbours_have_theirs(sequence):
    torch.manual_seed(0)
    numerics, units, inputs = NumericsConfig(), 5, 4
    kernel = LstmKernel.of("layer", build_cell(numerics, Ranges(6.0, 3.0, 3.0, 4.0)), numerics, 2.0**-7)
    w_ih, w_hh, bias = (torch.randn(shape) * 0.3 for shape in ((4 * units, inputs), (4 * units, units), (4 * units,)))
    w_ih[CLIPPED], bias[CLIPPED] = 0.0, 1.0
    bias.requires_grad_()
    x = torch.randint(-100, 100, (6, 3, inputs)).float()
    out, _ = sequence.apply(x, w_ih, w_hh, bias, torch.zeros(3, units), torch.zeros(3, units), kernel)
    out.sum().backward()
    assert bias.grad[CLIPPED] == 0
    assert bias.grad[FREE] != 0
    assert int((bias.grad != 0).sum()) == 4 * units - 1


def test_a_clipped_bias_of_a_projection_has_no_gradient_and_its_neighbours_have_theirs():
    torch.manual_seed(0)
    layer = nn.Linear(4, 5)
    with torch.no_grad():
        layer.weight[CLIPPED], layer.bias[CLIPPED] = 0.0, 1.0
    weights = LinearWeights.of("layer", layer, 2.0**-7, NumericsConfig())
    x = torch.randint(-100, 100, (6, 4)).float()
    ChipLinear.apply(x, layer.weight, layer.bias, weights).sum().backward()
    assert layer.bias.grad[CLIPPED] == 0
    assert (layer.bias.grad[[0, 1, 3, 4]] != 0).all()
