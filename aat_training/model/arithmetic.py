"""The interface of an arithmetic: how each step of the recogniser computes, and how values are represented."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from aat_training.model.layer import LayerState, LinearLayer, RecurrentLayer


class Model(Protocol):
    """The parts of the model that an arithmetic reads.

    ``after``: names of the recurrent layers after the reduction of frames; ``training``: torch's mode.
    """

    embedding: nn.Embedding
    output: nn.Linear
    after: list[str]
    training: bool

    def linear(self, name: str) -> LinearLayer:
        """The linear layer ``name``."""


class Arithmetic(Protocol):
    """One way of computing an RNN-T. Between steps values are real (float) or integer-valued (chip)."""

    @property
    def looks_ahead(self) -> bool:
        """Whether one joint step of many rows costs less than one step for each row."""

    def disturbance(self, device: torch.device) -> float:
        """The most that an utterance's logits may change with those decoded beside it on ``device``, as a share of the
        largest logit: 0 if no bit changes, infinity if they may change by any amount.
        """

    def quantise_input(self, x: Tensor) -> Tensor:
        """Normalised real features -> the arithmetic's representation."""

    def embed(self, model: Model, tokens: Tensor) -> Tensor:
        """Tokens (...) -> embeddings (..., E)."""

    def recurrent(
        self, model: Model, layer: RecurrentLayer, x: Tensor, state: LayerState | None
    ) -> tuple[Tensor, LayerState]:
        """x (T, B, I) through ``layer`` -> (T, B, H) and its last state."""

    def project(self, model: Model, layer: LinearLayer, x: Tensor) -> Tensor:
        """A linear layer whose output enters the joint."""

    def joint(self, model: Model, enc: Tensor, pred: Tensor) -> Tensor:
        """Both projections -> real-valued logits."""

    def real_activation(self, x: Tensor) -> Tensor:
        """A layer's output as real numbers."""
