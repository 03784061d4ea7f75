"""Every field of a chip's arithmetic changes an integer that a recogniser computes, or what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from aat_training.data.batches import stacked
from aat_training.decode.greedy import GreedyDecoder
from aat_training.export import constants_of
from aat_training.quant.linear import LinearWeights
from nnasim.errors import NumericsError
from nnasim.numerics.config import NumericsConfig
from tests.aat_training.quant.test_accumulator import BEYOND_32

# One other value of each field, and what must stand beside it on both sides.
OTHER: dict[str, tuple[Any, dict[str, Any]]] = {
    "activation": ("lut16", {}),
    "activation_range": (4.0, {}),
    "pwl_segments": (8, {"activation": "pwl"}),
    "pwl_fit": ("fitted", {"activation": "pwl"}),
    "cell_bits": (16, {}),
    "cell_range": (2.0, {}),
    "weight_bits": (4, {}),
    "activation_bits": (16, {"accumulator_bits": 48}),
    "multiplier_bits": (31, {}),
    "rounding": ("double", {"multiplier_bits": 31}),
    "per_channel": (False, {}),
}
OVERFLOW: dict[str, Any] = {"accumulator_bits": 48, "overflow": "wrap"}


def test_every_field_of_the_arithmetic_has_another_value_here() -> None:
    assert {*OTHER, *OVERFLOW} == set(NumericsConfig.model_fields)


@pytest.mark.parametrize("field", OTHER)
def test_another_value_gives_other_integers(field: str, on_chip, examples, recipe) -> None:
    value, beside = OTHER[field]

    def integers(numerics: NumericsConfig) -> tuple[bytes, ...]:
        model = on_chip(numerics)
        decoder = GreedyDecoder(model, recipe.model.max_symbols, keep_logits=True)
        decoder.feed(stacked(examples[0].x_TD, recipe.model.stack))
        constants = [constants_of(model)[name].tobytes() for name in sorted(constants_of(model))]
        return (torch.stack(decoder.decoded.logits).numpy().tobytes(), *constants)

    numerics = NumericsConfig().with_(beside)
    assert integers(numerics.with_({field: value})) != integers(numerics)


@pytest.mark.parametrize("field", OVERFLOW)
def test_another_accumulator_or_overflow_takes_what_was_refused(field: str) -> None:
    layer = nn.Linear(BEYOND_32, 1)
    nn.init.constant_(layer.weight, 1.0)
    with pytest.raises(NumericsError, match="can overflow 32 bits"):
        LinearWeights.of("layer", layer, 2.0**-7, NumericsConfig())
    weights = LinearWeights.of("layer", layer, 2.0**-7, NumericsConfig().with_({field: OVERFLOW[field]}))
    assert np.isfinite(weights.product(torch.ones(1, BEYOND_32)).numpy()).all()
