"""The order in which a run meets the utterances of its shards: a function of the seed and the step only.

Each epoch visits all shards in an order of its own. A few of them at a time make a block, whose utterances are shuffled
among each other: the shuffle buffer, filled and emptied. Its output is sorted by length in pools of 16 batches, the
length buckets, and batches leave a pool in a random order. Epochs follow each other without a gap, so that every batch
is full. Since the number of utterances in each shard is known, the place of any step is found by counting: a resumed
run reads one block, and no rank needs to know what another one has read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from random import Random

import torch

from aat_training.data.batches import curriculum_batch, curriculum_share
from aat_training.data.shards.read import Member

POOL = 16  # batches that are sorted by length together


class Order:
    """Batches of ``batch`` utterances. ``counts``: usable utterances of each shard; ``read(shard)``: these.

    ``together``: shards whose utterances are shuffled among each other. Metadata of one block and one pool is all that
    is ever held.
    """

    def __init__(
        self, counts: Sequence[int], read: Callable[[int], list[Member]], batch: int, seed: int, together: int
    ) -> None:  # fmt: skip
        self.counts, self.read, self.batch, self.seed, self.together = tuple(counts), read, batch, seed, together
        self.total = sum(counts)

    def batches(self, first_step: int, curriculum: int = 0) -> Iterator[list[Member]]:
        """The batch of each step from ``first_step`` on, for ever.

        For the first ``curriculum`` steps the longest utterance allowed grows, among those of the first block.
        """
        if first_step < curriculum:
            block = sorted(islice(self.utterances(0), self._block_size()), key=lambda member: member.seconds)
            numbers = torch.arange(len(block))
            for step in range(first_step, curriculum):
                share = curriculum_share(step, curriculum)
                yield [block[i] for i in curriculum_batch(numbers, share, self.batch, self.seed, step)]
        yield from self._from_pools(max(0, first_step - curriculum))

    def utterances(self, position: int) -> Iterator[Member]:
        """All utterances from number ``position`` on, epoch after epoch, shuffled and not yet sorted by length."""
        first_epoch, within = divmod(position, self.total)
        for epoch in count(first_epoch):
            for place, block in enumerate(self._blocks(epoch)):
                size = sum(self.counts[shard] for shard in block)
                if within >= size:
                    within -= size
                    continue
                members = [member for shard in block for member in self.read(shard)]
                self._random(f"epoch {epoch} block {place}").shuffle(members)
                yield from members[within:]
                within = 0

    def _from_pools(self, first_step: int) -> Iterator[list[Member]]:
        first_pool, within = divmod(first_step, POOL)
        utterances = self.utterances(first_pool * POOL * self.batch)
        for pool in count(first_pool):
            members = sorted(islice(utterances, POOL * self.batch), key=lambda member: member.seconds)
            batches = [members[start : start + self.batch] for start in range(0, len(members), self.batch)]
            self._random(f"pool {pool}").shuffle(batches)
            yield from batches[within:]
            within = 0

    def _blocks(self, epoch: int) -> Iterator[list[int]]:
        shards = list(range(len(self.counts)))
        self._random(f"epoch {epoch}").shuffle(shards)
        return (shards[first : first + self.together] for first in range(0, len(shards), self.together))

    def _block_size(self) -> int:
        return sum(self.counts[shard] for shard in next(self._blocks(0)))

    def _random(self, what: str) -> Random:
        return Random(f"{self.seed} {what}")  # of a text: hashed, so that neighbours have nothing in common
