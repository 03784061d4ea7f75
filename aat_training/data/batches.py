"""Utterances in memory, and padded batches of them in a reproducible order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from aat_training.augment import augment
from aat_training.config import AugmentConfig
from aat_training.data.features import FeatureConfig
from nnasim.units import ceil_div


@dataclass(frozen=True)
class Example:
    """One utterance: normalisation is not applied yet. ``x_TD`` float32 features, ``tokens`` numbers from 1."""

    id: str
    text: str
    x_TD: Tensor
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class Batch:
    """Padded, stacked features (T, B, F), tokens (B, U), and lengths in encoder outputs and tokens (B,)."""

    x_TBF: Tensor
    tokens_BU: Tensor
    lengths: Tensor
    token_lengths: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on ``device``."""
        return Batch(*(tensor.to(device) for tensor in (self.x_TBF, self.tokens_BU, self.lengths, self.token_lengths)))


def stacked(x_TD: Tensor, stack: int) -> Tensor:
    """``stack`` consecutive frames become one (T // stack, stack * D); a remainder is dropped."""
    whole = len(x_TD) // stack
    return x_TD[: whole * stack].reshape(whole, stack * x_TD.shape[1])


def collate(xs: list[Tensor], tokens: list[tuple[int, ...]], stack: int, reduction: int) -> Batch:
    """One padded batch of the utterances' features (T, D) and tokens."""
    frames = [stacked(x, stack) for x in xs]
    longest = max(max(len(x) for x in frames), reduction)
    padded = torch.stack([torch.nn.functional.pad(x, (0, 0, 0, longest - len(x))) for x in frames], dim=1)
    width = max(1, *(len(t) for t in tokens))
    return Batch(
        padded,
        torch.tensor([list(t) + [0] * (width - len(t)) for t in tokens]),
        torch.tensor([max(1, len(x) // reduction) for x in frames]),
        torch.tensor([len(t) for t in tokens]),
    )


def _epoch_batches(lengths: Tensor, batch: int, seed: int, epoch: int) -> list[list[int]]:
    """Batches of similar length in a random order: shuffled, sorted within pools of 16 batches, shuffled again."""
    rng = Generator().manual_seed(seed * 1_000_003 + epoch)
    order = torch.randperm(len(lengths), generator=rng)
    pool = 16 * batch
    batches: list[list[int]] = []
    for start in range(0, len(order), pool):
        part = order[start : start + pool]
        part = part[torch.argsort(lengths[part], stable=True)]
        batches += [part[i : i + batch].tolist() for i in range(0, len(part), batch)]
    return [batches[i] for i in torch.randperm(len(batches), generator=rng).tolist()]


def curriculum_batch(by_length: Tensor, share: float, batch: int, seed: int, step: int) -> list[int]:
    """A batch of neighbours in length from the shortest ``share`` of all utterances; ``by_length``: their indices."""
    rng = Generator().manual_seed(seed * 1_000_003 + 500_000 + step)
    pool = max(batch, round(share * len(by_length)))
    first = int(torch.randint(0, max(1, min(pool, len(by_length)) - batch + 1), (), generator=rng))
    return by_length[first : first + batch].tolist()


def curriculum_share(step: int, curriculum: int) -> float:
    """The share of utterances, shortest first, that ``step`` draws from: a tenth, growing to all."""
    return 0.1 + 0.9 * step / curriculum


def batch_indices(
    examples: list[Example], batch: int, seed: int, first_step: int, curriculum: int = 0
) -> Iterator[list[int]]:
    """The indices of the batch of each step from ``first_step`` on, without end; a resumed run gets the batches that it
    would have had.

    For the first ``curriculum`` steps the longest utterance allowed grows from short to all: a transducer finds its
    first alignments on utterances of one or two words, and stays on the plateau of word frequencies for long without
    them.
    """
    lengths = torch.tensor([len(example.x_TD) for example in examples])
    by_length = torch.argsort(lengths, stable=True)
    for step in range(first_step, curriculum):
        yield curriculum_batch(by_length, curriculum_share(step, curriculum), batch, seed, step)
    per_epoch = ceil_div(len(examples), batch)
    step = max(0, first_step - curriculum)
    while True:
        epoch, within = divmod(step, per_epoch)
        for indices in _epoch_batches(lengths, batch, seed, epoch)[within:]:
            yield indices
            step += 1


def training_batch(
    examples: list[Example],
    indices: list[int],
    mean_D: Tensor,
    scale_D: Tensor,
    config: AugmentConfig,
    features: FeatureConfig,
    stack: int,
    reduction: int,
    seed: int,
) -> Batch:
    """The augmented batch of one step; ``seed`` decides every random choice in it."""
    rng = Generator().manual_seed(seed)
    xs, tokens = [], []
    for index in indices:
        example, words = examples[index], examples[index].tokens
        x = example.x_TD
        if config.joined and float(torch.rand((), generator=rng)) < config.joined:
            other = examples[int(torch.randint(0, len(examples), (), generator=rng))]
            if len(x) + len(other.x_TD) < 1000:
                x, words = torch.cat([x, other.x_TD]), words + other.tokens
        xs.append(augment(x, config, features, mean_D, scale_D, rng))
        tokens.append(words)
    return collate(xs, tokens, stack, reduction)
