"""Recipes: functions that return one full, frozen configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aat_training.config import AugmentConfig, ModelConfig, Recipe, TrainConfig
from aat_training.data.features import FeatureConfig
from nnasim.errors import ConfigError

# Three ends in ten lose their silence; half of these are left without, half get 0 to 500 ms: so no corpus's way of
# cutting utterances is learned.
_EDGES: dict[str, Any] = {"edges": 0.3, "silence_frames": 50}


def _fine_tuning(run: TrainConfig, **changes: object) -> TrainConfig:
    """Fine-tuning: a small rate and no dropout of activations, which would leave the integers."""
    return TrainConfig.model_validate({**run.model_dump(), "dropout": 0.0, "curriculum": 0, "flat_start": 0, **changes})


def tiny() -> Recipe:
    """A recogniser that trains in seconds: for tests from files to words, not for accuracy."""
    run = TrainConfig(
        steps=60, batch=8, learning_rate=4e-3, evaluate_every=30, dropout=0.0, augment=AugmentConfig(**_EDGES),
    )  # type: ignore[call-arg]  # fmt: skip
    return Recipe(
        name="tiny",
        features=FeatureConfig(kind="logmel", sample_rate=8000, n_mels=20),
        model=ModelConfig(
            stack=3, encoder_units=24, encoder_before=1, reduction=2, encoder_after=1,
            embedding=8, prediction_units=16, prediction_layers=1, joint_units=24,
        ),
        float_run=run,
        aat_run=_fine_tuning(run, steps=20, learning_rate=1e-3, evaluate_every=10),
    )  # fmt: skip


def digits() -> Recipe:
    """Connected digits, 8 kHz, word tokens, 60 ms encoder outputs: about 0.45 M parameters."""
    # Masks shorter than half a digit: with 120 ms masks the same run ended at 7.5 % dev WER instead of 2.1 %.
    run = TrainConfig(
        steps=4500, batch=16, learning_rate=3e-3, evaluate_every=250, dropout=0.1, token_dropout=0.1,
        ctc_weight=0.5, curriculum=400,
        augment=AugmentConfig(
            time_masks=2, time_mask_frames=5, feature_masks=1, feature_mask_bins=4,
            noise=0.1, channel=0.1, stretch=0.1, warp=0.06, **_EDGES,
        ),
    )  # fmt: skip
    return Recipe(
        name="digits",
        features=FeatureConfig(kind="logmel", sample_rate=8000, n_mels=40),
        model=ModelConfig(
            stack=3, encoder_units=144, encoder_before=1, reduction=2, encoder_after=1,
            embedding=32, prediction_units=64, prediction_layers=1, joint_units=128,
        ),
        float_run=run,
        aat_run=_fine_tuning(run, steps=800, learning_rate=6e-4, evaluate_every=100),
    )  # fmt: skip


def an4() -> Recipe:
    """AN4 cepstra, word tokens, 60 ms encoder outputs: about 2 M parameters."""
    run = TrainConfig(
        steps=3600, batch=16, learning_rate=2e-3, evaluate_every=300, dropout=0.25, token_dropout=0.15,
        weight_decay=1e-3, ctc_weight=1.0, curriculum=300, flat_start=600, average=0.998,
        augment=AugmentConfig(
            time_masks=2, time_mask_frames=6, feature_masks=0, feature_mask_bins=0,
            noise=0.15, channel=0.15, stretch=0.15, warp=0.12, **_EDGES,
        ),
    )  # fmt: skip
    return Recipe(
        name="an4",
        features=FeatureConfig(kind="cepstra"),
        model=ModelConfig(
            stack=3, encoder_units=256, encoder_before=1, reduction=2, encoder_after=2,
            embedding=64, prediction_units=128, prediction_layers=1, joint_units=256,
        ),
        float_run=run,
        aat_run=_fine_tuning(run, steps=800, learning_rate=4e-4, evaluate_every=100),
    )  # fmt: skip


def commands() -> Recipe:
    """Strings of spoken commands, 16 kHz, word tokens, 60 ms encoder outputs: about 1.25 M parameters."""
    # Few speakers, and others at the end: what one voice adds to a word is masked, warped and averaged away. So much of
    # it needs the flat start: without, 1,000 steps ended on the plateau of word frequencies, at 96 % WER.
    # The width was chosen on three train speakers apart, after 4,000 steps: 7.1 % of their words wrong with 176 units,
    # 5.3 % with 256; dropout of 0.4 (7.2 %) and heavier masks (7.0 %, at 176 units) won little or nothing.
    run = TrainConfig(
        steps=7000, batch=32, learning_rate=3e-3, evaluate_every=1000, dropout=0.25, token_dropout=0.2,
        weight_decay=1e-3, ctc_weight=0.5, curriculum=300, flat_start=400, average=0.998,
        augment=AugmentConfig(
            time_masks=2, time_mask_frames=6, feature_masks=2, feature_mask_bins=7,
            noise=0.1, channel=0.2, stretch=0.15, warp=0.14, **_EDGES,
        ),
    )  # fmt: skip
    return Recipe(
        name="commands",
        features=FeatureConfig(kind="logmel", sample_rate=16000, n_mels=40, f_min=60.0, f_max=7600.0),
        model=ModelConfig(
            stack=3, encoder_units=256, encoder_before=1, reduction=2, encoder_after=1,
            embedding=32, prediction_units=64, prediction_layers=1, joint_units=128,
        ),
        float_run=run,
        aat_run=_fine_tuning(run, steps=800, learning_rate=6e-4, evaluate_every=100),
    )  # fmt: skip


RECIPES: dict[str, Callable[[], Recipe]] = {"tiny": tiny, "digits": digits, "commands": commands, "an4": an4}
NORM = "-ln"


def with_layer_norm(recipe: Recipe) -> Recipe:
    """The same recipe with layer-norm LSTMs, under a name of its own: its checkpoints hold more parameters."""
    model = recipe.model.model_copy(update={"layer_norm": True})
    return recipe.model_copy(update={"name": recipe.name + NORM, "model": model})


def load_recipe(name: str) -> Recipe:
    """A recipe by name; with ``-ln`` behind it, its layer-norm version. Raises ConfigError for an unknown one."""
    plain = name.removesuffix(NORM)
    if plain not in RECIPES:
        allowed = f"must be one of {', '.join(RECIPES)}, with {NORM} behind it for layer norm"
        raise ConfigError("recipe", "name", name, allowed)
    recipe = RECIPES[plain]()
    return with_layer_norm(recipe) if name != plain else recipe
