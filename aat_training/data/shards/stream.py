"""Shards as a training set: each rank computes the features of its own utterances, in processes beside the training.

Nothing of the corpus stays: the order holds where a few shards' utterances stand, the workers hold the batches that
they have computed ahead. Every random choice has a seed made of the run's, the step and the row, so that neither the
number of ranks nor that of workers changes a batch.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.queues import Queue

from torch import Generator, Tensor
from torch.utils.data import DataLoader, Dataset, dataloader

from aat_training.augment import augment
from aat_training.config import Recipe, TrainConfig
from aat_training.data.batches import Example, collate
from aat_training.data.parts import Part, divided
from aat_training.data.seeds import seed_of
from aat_training.data.shards.order import Order
from aat_training.data.shards.read import Member, example_of
from aat_training.data.shards.survey import ShardSet, Survey, usable
from aat_training.draws import ByRow
from aat_training.tokens import Tokens
from nnasim.errors import ConfigError, NnasimError, SimulationError, writing
from nnasim.sweeps.parent import die_with_parent

SAMPLE = 256  # utterances by which features are normalised, and ranges calibrated
# An iterator that could not be made whole, as where /dev/shm is full, counts as ended: torch would else print the error
# of its `__del__` beside ours.
dataloader._MultiProcessingDataLoaderIter._shutdown = True
_AHEAD = 4  # steps that each worker computes ahead

Rows = list[tuple[int, Member]]
"""Utterances, each with its row in the step's batch."""


@dataclass(frozen=True)
class _Plan:
    """The work of a rank on a step's batch of ``size`` utterances, part by part."""

    step: int
    size: int
    parts: list[Rows]


class ShardStream:
    """A ``TrainSet`` of shards. ``workers``: processes that compute features; 0: the training process does."""

    def __init__(
        self, shards: ShardSet, survey: Survey, run: TrainConfig, tokens: Tokens,
        rank: int = 0, ranks: int = 1, workers: int = 1,
    ) -> None:  # fmt: skip
        if run.augment.joined:
            raise ConfigError(
                "recipe", "augment.joined", run.augment.joined, "must be 0: shards give no other utterance"
            )
        self.recipe, self.run, self.tokens, self.workers = shards.recipe, run, tokens, workers
        self.order = Order(
            survey.counts, lambda number: usable(shards.read(number), shards, tokens),
            run.utterances, run.seed, run.shuffle_shards,
        )  # fmt: skip
        self.utterances = self.order.total
        self._parts = slice(rank * run.accumulate, (rank + 1) * run.accumulate)
        self._count = ranks * run.accumulate

    def sample(self) -> list[Example]:
        """See ``TrainSet``: the first utterances of the first epoch."""
        several = min(SAMPLE, self.utterances)
        first = zip(range(several), self.order.utterances(0), strict=False)
        return [example_of(member, self.recipe, self.tokens) for _, member in first]

    def steps(self, first_step: int, mean_D: Tensor, scale_D: Tensor) -> Iterator[list[Part]]:
        """See ``TrainSet``. Raises NnasimError for a shard that has changed."""
        reader = _PartReader(self.recipe, self.run, self.tokens, mean_D, scale_D)
        loader = DataLoader(
            reader, batch_size=None, sampler=self._plan(first_step), num_workers=self.workers,
            prefetch_factor=_AHEAD if self.workers else None, worker_init_fn=_WorkerOf(os.getpid()),
        )  # fmt: skip
        with writing("/dev/shm"):  # where the processes' locks and queues are kept
            outcomes = iter(loader)
        for outcome in outcomes:
            if isinstance(outcome, str):
                raise NnasimError(outcome)
            yield outcome

    def _plan(self, first_step: int) -> Iterator[_Plan]:
        for step, batch in enumerate(self.order.batches(first_step, self.run.curriculum), start=first_step):
            rows = list(enumerate(batch))
            own = [rows[each] for each in divided(len(rows), self._count)[self._parts]]
            yield _Plan(step, len(rows), [part for part in own if part])


@contextmanager
def worker_deaths() -> Iterator[None]:
    """A context that raises SimulationError if a worker dies; torch raises its own error at any line in it."""
    try:
        yield
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        why = str(error).partition(". ")[0][:200]
        lacks = "memory, or for room in /dev/shm"
        raise SimulationError(f"a process that computes features has died, perhaps for {lacks} ({why})") from error


@dataclass(frozen=True)
class _WorkerOf:
    parent: int

    def __call__(self, number: int) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # and not what the training does about it
        die_with_parent(self.parent)
        Queue._on_queue_feeder_error = staticmethod(_end_without_its_batch)  # type: ignore[attr-defined]


def _end_without_its_batch(error: Exception, batch: object) -> None:
    """End a worker that cannot pass a batch on, as where /dev/shm is full: the training would wait for it for ever."""
    os._exit(getattr(error, "errno", None) or 1)


class _PartReader(Dataset[list[Part] | str]):
    """A worker: makes parts from plans. A complaint is passed as text, since our errors cannot be passed between
    processes.
    """

    def __init__(
        self, recipe: Recipe, run: TrainConfig, tokens: Tokens, mean_D: Tensor, scale_D: Tensor
    ) -> None:  # fmt: skip
        self.recipe, self.run, self.tokens = recipe, run, tokens
        self.mean_D, self.scale_D = mean_D.clone(), scale_D.clone()

    def __getitem__(self, plan: _Plan) -> list[Part] | str:
        """Features, augmented and padded."""
        try:
            return [self._part(plan, rows) for rows in plan.parts]
        except NnasimError as error:
            return str(error)

    def _part(self, plan: _Plan, rows: Rows) -> Part:
        model, seed, step = self.recipe.model, self.run.seed, plan.step
        examples = [(row, example_of(member, self.recipe, self.tokens)) for row, member in rows]
        xs = [self._augmented(example.x_TD, seed_of(seed, step, row)) for row, example in examples]
        batch = collate(xs, [example.tokens for _, example in examples], model.stack, model.reduction)
        draws = ByRow([seed_of(seed, step, row, 1) for row, _ in rows])
        return Part(batch, len(rows) / plan.size, draws)

    def _augmented(self, x_TD: Tensor, seed: int) -> Tensor:
        rng = Generator().manual_seed(seed)
        return augment(x_TD, self.run.augment, self.recipe.features, self.mean_D, self.scale_D, rng)
