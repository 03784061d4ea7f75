"""What an arithmetic is: how each step of the recogniser computes, and in what representation values travel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from torch import Tensor

if TYPE_CHECKING:
    from aat_training.model.layer import LayerState, LinearLayer, RecurrentLayer
    from aat_training.model.rnnt import Rnnt


class Arithmetic(Protocol):
    """One way of computing an RNN-T. Between steps values are real (float) or integer-valued (chip)."""

    def quantise_input(self, x: Tensor) -> Tensor:
        """Normalised real features -> the arithmetic's representation."""

    def embed(self, model: Rnnt, tokens: Tensor) -> Tensor:
        """Tokens (...) -> embeddings (..., E)."""

    def recurrent(
        self, model: Rnnt, layer: RecurrentLayer, x: Tensor, state: LayerState | None
    ) -> tuple[Tensor, LayerState]:
        """x (T, B, I) through ``layer`` -> (T, B, H) and its last state."""

    def project(self, model: Rnnt, layer: LinearLayer, x: Tensor) -> Tensor:
        """A linear layer whose output enters the joint."""

    def joint(self, model: Rnnt, enc: Tensor, pred: Tensor) -> Tensor:
        """Both projections -> real-valued logits."""

    def real_activation(self, x: Tensor) -> Tensor:
        """A layer's output as real numbers."""
