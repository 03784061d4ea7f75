"""The order of a stream: every utterance once an epoch, batches of similar length, any step found by counting."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from aat_training.data.shards.order import POOL, Order
from aat_training.data.shards.read import Member

COUNTS = (7, 3, 11, 5, 9)


def member(shard, number):
    seconds = 1.0 + (37 * (10 * shard + number)) % 101 / 50
    return Member(Path(f"audio_{shard}.tar"), f"{number:06d}.flac", 0, 1, "", seconds, "one", f"{shard}-{number}")


def order(batch=4, seed=0, together=2, reads=None):
    def read(shard):
        if reads is not None:
            reads.append(shard)
        return [member(shard, number) for number in range(COUNTS[shard])]

    return Order(COUNTS, read, batch, seed, together)


def test_an_epoch_holds_every_utterance_once_and_the_next_one_in_another_order():
    total = sum(COUNTS)
    ids = [each.id for each in islice(order().utterances(0), 2 * total)]
    assert sorted(ids[:total]) == sorted(ids[total:])
    assert len(set(ids[:total])) == total
    assert ids[:total] != ids[total:]


def test_batches_are_full_across_epochs_and_miss_nobody():
    batches = list(islice(order().batches(0), POOL * 4))
    assert {len(batch) for batch in batches} == {4}
    counts = Counter(each.id for batch in batches for each in batch)
    assert max(counts.values()) - min(counts.values()) <= 1


@pytest.mark.parametrize("curriculum", [0, 6])
def test_a_run_that_goes_on_sees_the_batches_it_would_have_seen(curriculum):
    whole = list(islice(order(seed=3).batches(0, curriculum), 60))
    for start in (1, 5, 6, 16, 33, 50):
        assert list(islice(order(seed=3).batches(start, curriculum), 60 - start)) == whole[start:]


def test_going_on_reads_no_more_than_the_blocks_of_a_pool():
    reads = []
    next(order(reads=reads).batches(5_000))
    assert len(reads) <= 5 * len(COUNTS)  # a pool of 64 of these 35 utterances is two epochs; 5,000 steps are 571


def test_neighbours_in_a_batch_are_of_similar_length():
    def spread(batch):
        return max(each.seconds for each in batch) - min(each.seconds for each in batch)

    batches = list(islice(order().batches(0), POOL))
    assert sum(map(spread, batches)) / POOL < 0.3  # of 2 seconds between the shortest and the longest


def test_a_curriculum_begins_with_the_shortest_of_the_first_block():
    first = next(order(batch=2).batches(0, curriculum=50))
    block = [each for each in islice(order(batch=2).utterances(0), 12)]
    assert max(each.seconds for each in first) <= sorted(each.seconds for each in block)[4]


def test_seeds_differ_and_a_block_mixes_its_shards():
    def ids(which):
        return [each.id for each in islice(which.utterances(0), 20)]

    assert ids(order(seed=1)) == ids(order(seed=1))
    assert ids(order(seed=1)) != ids(order(seed=2))
    shards = [each.partition("-")[0] for each in ids(order(together=5))]
    assert len(set(shards[:12])) > 2
