"""Checkpoint tensors -> a model with the wanted arithmetic, and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from aat_training.config import Recipe
from aat_training.devices import numpy_of
from aat_training.model.arithmetic import Arithmetic
from aat_training.model.rnnt import Rnnt
from nnasim.errors import CheckpointError

MOST_SIZE = 1e9
"""Of a parameter: products of three such numbers and a feature, summed over the widest layer, are still finite."""


def model_tensors(model: Rnnt) -> dict[str, np.ndarray]:
    """Parameters and buffers as ``model.*``; the second bias of torch's LSTM is always zero and stays out."""
    return {
        f"model.{name}": numpy_of(value).copy()
        for name, value in model.state_dict().items()
        if not name.endswith("bias_hh_l0")
    }


def build_model(recipe: Recipe, outputs: int, arithmetic: Arithmetic) -> Rnnt:
    """A fresh model; torch's global generator decides its parameters."""
    return Rnnt(recipe.model.shape(recipe.features, outputs, recipe.name), arithmetic)


def load_parameters(model: Rnnt, tensors: dict[str, np.ndarray], source: str | Path) -> None:
    """Fill ``model`` from ``tensors`` (names without ``model.``).

    Raises CheckpointError for a missing or foreign one.
    """
    own = {name: value for name, value in model.state_dict().items() if not name.endswith("bias_hh_l0")}
    if missing := sorted(own.keys() - tensors.keys()):
        raise CheckpointError(source, missing[0], None, "is missing: a checkpoint of another recipe")
    if extra := sorted(tensors.keys() - own.keys()):
        raise CheckpointError(source, extra[0], tensors[extra[0]].shape, "is unknown: a checkpoint of another recipe")
    for name, value in own.items():
        tensor = tensors[name]
        if tuple(tensor.shape) != tuple(value.shape) or tensor.dtype != np.float32:
            shape = tuple(value.shape)
            raise CheckpointError(source, name, f"{tensor.dtype} {tensor.shape}", f"must be float32 {shape}")
        if not (largest := np.abs(tensor).max(initial=0.0)) <= MOST_SIZE:
            why = f"every number must lie within {MOST_SIZE:g} of 0, or sums would be infinite"
            raise CheckpointError(source, name, float(largest), why)
    model.load_state_dict({name: torch.from_numpy(tensors[name].copy()) for name in own}, strict=False)
