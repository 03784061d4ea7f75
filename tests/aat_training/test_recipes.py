"""Recipes: the sizes the documentation states, and settings that the chip's arithmetic can follow."""

from __future__ import annotations

import pytest

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
