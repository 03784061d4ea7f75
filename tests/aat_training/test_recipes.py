"""Recipes: the sizes the documentation states, and settings that the chip's arithmetic can follow."""

from __future__ import annotations

import pytest

from aat_training.config import AugmentConfig, TrainConfig
from aat_training.model.build import build_model
from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.recipes import RECIPES, load_recipe
from nnasim.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "outputs", "low", "high"),
    [("digits", 11, 4.3e5, 5e5), ("commands", 25, 1.2e6, 1.3e6), ("an4", 98, 1.6e6, 2.2e6)],
)
def test_the_size_of_a_recipe(name, outputs, low, high):
    model = build_model(load_recipe(name), outputs, FloatArithmetic())
    assert low < sum(p.numel() for p in model.parameters()) < high


@pytest.mark.parametrize("name", RECIPES)
def test_fine_tuning_keeps_activations_integers(name):
    """Dropout rescales what it keeps, which leaves the integers."""
    assert load_recipe(name).aat_run.dropout == 0.0


def test_an_unknown_recipe_names_the_known_ones():
    with pytest.raises(ConfigError, match="tiny, digits, commands, an4"):
        load_recipe("huge")


def test_every_number_of_a_run_has_an_upper_bound() -> None:
    """A recipe comes from a checkpoint too: 2^62 masks of each utterance would never end."""
    for config in (AugmentConfig, TrainConfig):
        for name, field in config.model_fields.items():
            ends = [end for part in field.metadata for end in ("lt", "le") if getattr(part, end, None) is not None]
            assert ends or field.annotation not in (int, float), name
