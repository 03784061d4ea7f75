"""A tiny recogniser with random weights, calibrated on random features: enough for every law of the arithmetic."""

from __future__ import annotations

import copy

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from aat_training.checkpoint import Checkpoint
from aat_training.config import Recipe
from aat_training.data.batches import Example, collate
from aat_training.model.build import build_model, load_parameters, model_tensors
from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.model.rnnt import Rnnt
from aat_training.quant.calibration import calibrate, record
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.quant.dynamic_arithmetic import DynamicArithmetic
from aat_training.quant.fallback_arithmetic import FallbackArithmetic
from aat_training.recipes import tiny
from aat_training.tokens import WordTokens
from nnasim.numerics.config import NumericsConfig

WORDS = ["one", "two", "three", "four"]


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return tiny()


@pytest.fixture(scope="session")
def examples(recipe: Recipe) -> list[Example]:
    """24 utterances whose words are steady patterns in the features, so that a few steps can learn them."""
    rng = torch.Generator().manual_seed(1)
    patterns = torch.randn(5, recipe.features.dimension, generator=rng)
    utterances = []
    for number in range(24):
        words = torch.randint(1, 5, (2 + number % 3,), generator=rng).tolist()
        parts = [patterns[0].repeat(9, 1)]
        for word in words:
            parts += [patterns[word].repeat(18, 1), patterns[0].repeat(9, 1)]
        x = torch.cat(parts) + 0.1 * torch.randn(sum(map(len, parts)), recipe.features.dimension, generator=rng)
        utterances.append(Example(f"u{number}", " ".join(WORDS[w - 1] for w in words), x, tuple(words)))
    return utterances


@pytest.fixture(scope="session")
def float_model(recipe: Recipe) -> Rnnt:
    torch.manual_seed(3)
    model = build_model(recipe, len(WORDS) + 1, FloatArithmetic())
    with torch.no_grad():  # large enough that gates saturate and that symbols are emitted
        for parameter in model.parameters():
            parameter.mul_(2.0)
    return model.eval()


@pytest.fixture(scope="session")
def dynamic_model(float_model: Rnnt) -> Rnnt:
    model = copy.deepcopy(float_model)
    model.arithmetic = DynamicArithmetic()
    return model


@pytest.fixture(scope="session")
def histograms(float_model: Rnnt, recipe: Recipe, examples: list[Example]) -> dict[str, np.ndarray]:
    shape = recipe.model
    batches = [collate([e.x_TD], [e.tokens], shape.stack, shape.reduction) for e in examples[:6]]
    return {name.removeprefix("calibration."): h for name, h in record(float_model, batches).items()}


@pytest.fixture(scope="session")
def on_chip(recipe: Recipe, float_model: Rnnt, histograms):
    """(numerics) -> the same weights in the chip's arithmetic."""

    def build(numerics: NumericsConfig, *, fallback: bool = False, gradient: str = "output") -> Rnnt:
        scheme = calibrate(histograms, numerics, "mse", "test")
        arithmetic = FallbackArithmetic(scheme) if fallback else ChipArithmetic(scheme, gradient)
        model = build_model(recipe, len(WORDS) + 1, arithmetic)
        load_parameters(model, {n[6:]: v for n, v in model_tensors(float_model).items()}, "test")
        return model.eval()

    return build


@pytest.fixture
def float_checkpoint(tmp_path, recipe: Recipe, float_model: Rnnt, histograms) -> Checkpoint:
    tensors = model_tensors(float_model) | {f"calibration.{n}": h for n, h in histograms.items()}
    return Checkpoint(tmp_path / "float" / "model.safetensors", recipe, WordTokens(WORDS), "float", tensors)
