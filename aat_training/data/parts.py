"""A step's batch in parts: some utterances of it, which one process computes at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from torch import Tensor

from aat_training.config import Recipe, TrainConfig
from aat_training.data.batches import Batch, Example, batch_indices, training_batch
from aat_training.draws import Draws, RowsOfBatch, WholeBatch


@dataclass(frozen=True)
class Part:
    """``batch``: utterances that are computed at once; ``share``: how much of the step's batch they are, 0 to 1.

    The gradient of the whole batch is the sum of those of its parts, each weighed by its share.
    """

    batch: Batch
    share: float
    draws: Draws


class TrainSet(Protocol):
    """Utterances to train on: in memory, or read from shards as they are needed."""

    @property
    def utterances(self) -> int:
        """The number of utterances."""
        ...

    def sample(self) -> list[Example]:
        """The examples by which features are normalised and ranges calibrated."""
        ...

    def steps(self, first_step: int, mean_D: Tensor, scale_D: Tensor) -> Iterator[list[Part]]:
        """This rank's parts of each step's batch from ``first_step`` on, for ever."""
        ...


def divided(rows: int, parts: int) -> list[slice]:
    """``rows`` rows in ``parts`` runs of neighbours, which differ by one row at most; some may be empty."""
    ends = [number * rows // parts for number in range(parts + 1)]
    return [slice(first, last) for first, last in pairwise(ends)]


class ExamplesInMemory:
    """Utterances of manifests, features and all, in memory: a part is a few rows of the batch that one process makes.

    Each rank augments the whole batch, so that every draw is the one of a single process.
    """

    def __init__(
        self, examples: list[Example], recipe: Recipe, run: TrainConfig, rank: int = 0, ranks: int = 1
    ) -> None:  # fmt: skip
        self.examples, self.recipe, self.run = examples, recipe, run
        self._parts = slice(rank * run.accumulate, (rank + 1) * run.accumulate)
        self._count = ranks * run.accumulate

    @property
    def utterances(self) -> int:
        """The number of utterances."""
        return len(self.examples)

    def sample(self) -> list[Example]:
        """See ``TrainSet``: all of them."""
        return self.examples

    def steps(self, first_step: int, mean_D: Tensor, scale_D: Tensor) -> Iterator[list[Part]]:
        """See ``TrainSet``."""
        model, run = self.recipe.model, self.run
        batches = batch_indices(self.examples, run.utterances, run.seed, first_step, run.curriculum)
        for step, indices in enumerate(batches, start=first_step):
            whole = training_batch(
                self.examples, indices, mean_D, scale_D, run.augment, self.recipe.features,
                model.stack, model.reduction, run.seed * 1_000_003 + step,
            )  # fmt: skip
            yield [_part(whole, rows, len(indices)) for rows in self._rows(len(indices))]

    def _rows(self, count: int) -> list[slice]:
        return [rows for rows in divided(count, self._count)[self._parts] if rows.start < rows.stop]


def _part(whole: Batch, rows: slice, size: int) -> Part:
    if rows == slice(0, size):
        return Part(whole, 1.0, WholeBatch())
    batch = Batch(whole.x_TBF[:, rows], whole.tokens_BU[rows], whole.lengths[rows], whole.token_lengths[rows])
    return Part(batch, (rows.stop - rows.start) / size, RowsOfBatch(rows, size))
