"""Every field of a recipe's schedule changes the weights that a run ends with, or when it ends."""

from __future__ import annotations

import copy
import hashlib
from typing import Any

import numpy as np
import pytest

from aat_training.config import AugmentConfig, TrainConfig
from tests.aat_training.test_trainer import trainer

# Another value of each field, and what must stand beside it on both sides.
OTHER: dict[str, tuple[Any, dict[str, Any]]] = {
    "steps": (3, {}),
    "batch": (4, {}),
    "accumulate": (2, {}),
    "learning_rate": (1e-2, {}),
    "warmup": (0.6, {}),
    "weight_decay": (0.5, {}),
    "clip": (1e-3, {}),
    "ctc_weight": (2.0, {}),
    "delay_penalty": (0.2, {}),
    "distillation": (5.0, {}),
    "dropout": (0.5, {}),
    "dropout_until": (0.3, {"dropout": 0.5}),
    "token_dropout": (0.6, {}),
    "curriculum": (6, {}),
    "flat_start": (6, {}),
    "average": (0.9, {}),
    "evaluate_every": (2, {}),
    "patience": (1, {"learning_rate": 1e-9, "evaluate_every": 1}),
    "seed": (1, {}),
}
AUGMENTED: dict[str, tuple[Any, dict[str, Any]]] = {
    "time_masks": (2, {"time_mask_frames": 20}),
    "time_mask_frames": (20, {"time_masks": 2}),
    "feature_masks": (2, {"feature_mask_bins": 10}),
    "feature_mask_bins": (10, {"feature_masks": 2}),
    "noise": (0.5, {}),
    "noise_floor": (True, {"noise": 0.5}),
    "channel": (0.5, {}),
    "stretch": (0.4, {}),
    "warp": (0.3, {}),
    "joined": (1.0, {}),
    "edges": (1.0, {"silence_frames": 30}),
    "silence_frames": (30, {"edges": 1.0}),
}
OF_SHARDS = {"shuffle_shards"}  # tried in tests/fuzz/options.py


def test_every_field_has_another_value_here() -> None:
    assert {*OTHER, *OF_SHARDS, "augment"} == set(TrainConfig.model_fields)
    assert set(AUGMENTED) == set(AugmentConfig.model_fields)


@pytest.mark.parametrize("field", OTHER)
def test_another_value_ends_in_other_weights(field: str, recipe, examples, tmp_path) -> None:
    value, beside = OTHER[field]
    plain = ended(recipe, examples, tmp_path / "plain", **beside)
    assert ended(recipe, examples, tmp_path / "other", **{**beside, field: value}) != plain


@pytest.mark.parametrize("field", AUGMENTED)
def test_another_value_of_what_disturbs_features_ends_in_other_weights(field: str, recipe, examples, tmp_path) -> None:
    value, beside = AUGMENTED[field]
    plain = ended(recipe, examples, tmp_path / "plain", augment=AugmentConfig(**beside))
    other = ended(recipe, examples, tmp_path / "other", augment=AugmentConfig(**{**beside, field: value}))
    assert other != plain


def ended(recipe, examples, folder, *, steps: int = 4, seed: int = 0, **changes: Any) -> tuple[int, int, str]:
    """The last step, the lines of the log, and a digest of the weights that are kept."""
    run = trainer(recipe, examples[:10], folder, steps=steps, seed=0, **{"token_dropout": 0.1, **changes})
    run.run = run.run.model_copy(update={"seed": seed})
    if run.run.distillation:
        run.teacher = copy.deepcopy(run.model).eval()
        for parameter in run.teacher.parameters():
            parameter.data.mul_(1.5)
    best = run.fit(resume=False)
    looks = len((folder / "log.csv").read_text().splitlines())
    weights = b"".join(np.asarray(best[name]).tobytes() for name in sorted(best))
    return run.step, looks, hashlib.sha256(weights).hexdigest()
