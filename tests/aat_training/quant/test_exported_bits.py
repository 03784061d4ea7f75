"""What a checkpoint's integers need is what their trace declares: rows of the embedding have an activation's bits."""

import numpy as np
import pytest

from aat_training.export import constants_of
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import highest, lowest
from tests.aat_training.quant.chips import CHIPS
from workloads.rnnt.builder import build_graphs


@pytest.mark.parametrize("numerics", CHIPS.values(), ids=CHIPS)
def test_every_integer_fits_the_bits_that_its_trace_declares(on_chip, float_model, numerics) -> None:
    config = NumericsConfig.model_validate(numerics)
    tensors, _ = build_graphs(float_model.shape, config, "aat")
    constants = {name: values for name, values in constants_of(on_chip(config)).items() if name in tensors}
    assert {name for name, spec in tensors.items() if spec.role == "weight"} <= constants.keys()
    for name, values in constants.items():
        bits = tensors[name].bits
        assert lowest(bits) <= np.min(values), name
        assert np.max(values) <= highest(bits), name
    assert tensors["embedding.w"].bits == config.activation_bits
