"""The elements that dropout removes: the same for an utterance, however its batch is divided among micro-batches and
ranks.

All are drawn on the CPU and then moved to the model's device, so that a GPU drops what the CPU would.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from aat_training.data.seeds import seed_of
from aat_training.devices import CPU


def _noise(shape: Sequence[int], share: float) -> Tensor:
    """The factors of ``F.dropout`` on the CPU, from torch's global generator."""
    return torch.empty(*shape).bernoulli_(1 - share).div_(1 - share)


class Draws(Protocol):
    """The random choices of one forward pass, drawn in the order in which it asks."""

    def dropped(self, x_SBH: Tensor, share: float) -> Tensor:
        """``x_SBH`` with ``share`` of its numbers set to 0 and the rest scaled up, so that the mean stays."""
        ...

    def kept(self, tokens_UB: Tensor, share: float) -> Tensor:
        """0 for ``share`` of the tokens (U, B), else 1, as float32."""
        ...


class WholeBatch:
    """Draws of torch's global generator for a whole batch at once, as one process alone makes them."""

    def dropped(self, x_SBH: Tensor, share: float) -> Tensor:
        """See ``Draws``."""
        if x_SBH.device == CPU:
            return F.dropout(x_SBH, share, training=share > 0)
        return x_SBH * _noise(x_SBH.shape, share).to(x_SBH.device)

    def kept(self, tokens_UB: Tensor, share: float) -> Tensor:
        """See ``Draws``."""
        return (torch.rand(tokens_UB.shape) >= share).float().to(tokens_UB.device)


class RowsOfBatch:
    """``WholeBatch``'s draws for a batch of ``size`` utterances, of which only ``rows`` are computed here.

    Everything is drawn and most of it thrown away: that is what makes the rows those of the whole batch.
    """

    def __init__(self, rows: slice, size: int) -> None:
        self.rows, self.size = rows, size

    def dropped(self, x_SBH: Tensor, share: float) -> Tensor:
        """See ``Draws``; the arithmetic of ``F.dropout``."""
        steps, _, units = x_SBH.shape
        return x_SBH * _noise((steps, self.size, units), share)[:, self.rows].to(x_SBH.device)

    def kept(self, tokens_UB: Tensor, share: float) -> Tensor:
        """See ``Draws``."""
        return (torch.rand(len(tokens_UB), self.size)[:, self.rows] >= share).float().to(tokens_UB.device)


class ByRow:
    """Draws from a seed for each utterance: neither its neighbours nor their lengths decide anything.

    A rank draws only for the utterances that it computes, so its work grows with its share and not with the batch of
    all ranks. Draws begin with the first frame, so padding behind the last changes nothing before it.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self.seeds, self._calls = tuple(seeds), 0

    def dropped(self, x_SBH: Tensor, share: float) -> Tensor:
        """See ``Draws``."""
        steps, _, units = x_SBH.shape
        rows = [torch.empty(steps, units).bernoulli_(1 - share, generator=rng) for rng in self._generators()]
        return x_SBH * torch.stack(rows, dim=1).div_(1 - share).to(x_SBH.device)

    def kept(self, tokens_UB: Tensor, share: float) -> Tensor:
        """See ``Draws``."""
        rows = [torch.rand(len(tokens_UB), generator=rng) >= share for rng in self._generators()]
        return torch.stack(rows, dim=1).float().to(tokens_UB.device)

    def _generators(self) -> list[Generator]:
        self._calls += 1
        return [Generator().manual_seed(seed_of(seed, self._calls)) for seed in self.seeds]
