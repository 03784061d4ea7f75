"""Averaged weights: an exponential moving average over the steps, which generalises better than the last step's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from aat_training.devices import numpy_of


class WeightAverage:
    """The average of the trained parameters of ``model``, each step weighing ``decay`` times the one after it.

    In the first steps the decay is smaller, (1 + step) / (10 + step), or the average would keep the random start. The
    parameters that are averaged are float32 in every arithmetic: the chip's operators round them when they read them.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._trained = {name: value for name, value in model.named_parameters() if value.requires_grad}
        self._average = {name: value.detach().clone() for name, value in self._trained.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the parameters as they are after ``step`` (from 0)."""
        share = 1 - min(self._decay, (1 + step) / (10 + step))
        for name, value in self._trained.items():
            self._average[name].lerp_(value, share)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model with averaged parameters; afterwards its own, bit for bit."""
        own = {name: value.detach().clone() for name, value in self._trained.items()}
        self._fill(self._average)
        try:
            yield
        finally:
            self._fill(own)

    def tensors(self) -> dict[str, np.ndarray]:
        """The average by parameter, to resume from."""
        return {name: numpy_of(value).copy() for name, value in self._average.items()}

    def restore(self, tensors: dict[str, np.ndarray]) -> None:
        """Set the average to ``tensors``, as ``tensors()`` gave them."""
        for name, value in self._average.items():
            value.copy_(torch.from_numpy(np.array(tensors[name])))

    @torch.no_grad()
    def _fill(self, values: dict[str, Tensor]) -> None:
        for name, value in self._trained.items():
            value.copy_(values[name])
