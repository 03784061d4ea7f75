"""A layer as an arithmetic uses it: the name that its operations have in a trace, and its parameters.

A kind of recurrent layer is one subclass of ``RecurrentLayer``, which defines the kind in real numbers; each arithmetic
that differs there defines how the chip computes it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

LayerState = tuple[Tensor, ...]
"""h, and what else a kind carries (an LSTM its c): (B, units) each, in the arithmetic's own representation."""


@dataclass(frozen=True)
class Layer:
    """Parameters under the name that they have in the model."""

    name: str
    module: nn.Module


@dataclass(frozen=True)
class LinearLayer(Layer):
    """A matrix product with or without a bias."""

    module: nn.Linear

    @property
    def product(self) -> str:
        """The name of its operation."""
        return f"{self.name}.mm"

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Weight (N, K), and bias (N,) where it has one."""
        return list(self.module.parameters())


@dataclass(frozen=True)
class RecurrentLayer(Layer, ABC):
    """A layer with a state: a product of its input and one of its h, and what makes the next state of both."""

    module: nn.RNNBase

    @property
    @abstractmethod
    def parameters(self) -> list[nn.Parameter]:
        """w_ih, w_hh, bias, and whatever else the kind trains, in torch's gate order."""

    @abstractmethod
    def start(self, x_TBI: Tensor) -> LayerState:
        """The state before the first frame, of as many utterances as ``x_TBI`` has."""

    @abstractmethod
    def whole(self, x_TBI: Tensor, state: LayerState | None) -> tuple[Tensor, LayerState]:
        """All frames in float as fast as torch can: (T, B, H) and the last state."""

    @abstractmethod
    def step(self, x_BI: Tensor, state: LayerState) -> LayerState:
        """One frame in float."""

    @abstractmethod
    def input_share(self, product: Tensor) -> Tensor:
        """The contribution of the input to the gates, w_ih x + bias (..., 4H), in float."""

    @abstractmethod
    def next_state(self, x_share: Tensor, h_product: Tensor, state: LayerState) -> LayerState:
        """``input_share`` of a frame and w_hh h -> the next state, in float."""

    @abstractmethod
    def observed(self, x_share: Tensor, h_product: Tensor, state: LayerState) -> dict[str, Tensor]:
        """The values for which a chip has separate ranges, by name, in the step that led to ``state``."""


def over_time(
    frames: Iterable[Tensor], state: LayerState, step: Callable[[Tensor, LayerState], LayerState]
) -> tuple[Tensor, LayerState]:
    """Each frame of ``frames`` through ``step``: every h (T, B, H), and the last state."""
    outputs = []
    for frame in frames:
        state = step(frame, state)
        outputs.append(state[0])
    return torch.stack(outputs) if outputs else state[0].new_zeros(0, *state[0].shape), state
