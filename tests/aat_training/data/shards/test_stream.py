"""A training set of shards: the same batches for any number of ranks, micro-batches and workers."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from itertools import islice
from multiprocessing.reduction import ForkingPickler

import pytest
import torch

from aat_training.data.shards.layout import read_shards
from aat_training.data.shards.stream import ShardStream, _PartReader, worker_deaths
from aat_training.data.shards.survey import ShardSet, look_at, surveyed, tokens_of
from aat_training.data.speech import open_speech
from aat_training.tokens import WordTokens
from nnasim.errors import ConfigError, FileError, NnasimError, SimulationError
from nnasim.progress import silent


def stream(recipe, folder, rank=0, ranks=1, workers=0, **changes):
    changes = {"batch": 4, "shuffle_shards": 2, "curriculum": 2, **changes}
    run = recipe.float_run.model_copy(update=changes)
    shard_set = ShardSet((read_shards(folder),), recipe)
    tokens = tokens_of(recipe, look_at(shard_set))
    return ShardStream(shard_set, surveyed(shard_set, tokens), run, tokens, rank, ranks, workers)


def parts_of(which, first_step, count):
    size = which.recipe.features.dimension
    steps = which.steps(first_step, torch.zeros(size), torch.ones(size))
    parts = list(islice(steps, count))
    steps.close()
    return parts


def rows_of(parts):
    """Each utterance of ``parts`` without its padding."""
    frames = 3 * 2
    for part in parts:
        lengths, counts = part.batch.lengths.tolist(), part.batch.token_lengths.tolist()
        for row, (length, count) in enumerate(zip(lengths, counts, strict=True)):
            yield part.batch.x_TBF[: length * frames // 3, row], part.batch.tokens_BU[row, :count]


def same(a, b):
    rows_a, rows_b = list(rows_of(a)), list(rows_of(b))
    return len(rows_a) == len(rows_b) and all(
        torch.equal(x, y) and torch.equal(t, u) for (x, t), (y, u) in zip(rows_a, rows_b, strict=True)
    )


def test_a_full_dev_shm_is_one_line_and_nothing_of_torch_beside_it(recipe, shards, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    beside = []
    monkeypatch.setattr(sys, "unraisablehook", beside.append)
    monkeypatch.setattr("torch.multiprocessing.Queue", full)
    monkeypatch.setattr("multiprocessing.context.BaseContext.Queue", full)
    with pytest.raises(FileError, match=r"^/dev/shm: cannot be written \(the disk is full\)$") as refusal:
        parts_of(stream(recipe, shards, workers=1), 0, 1)
    refusal.value.__context__ = None
    del refusal
    gc.collect()
    assert beside == []


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded, use of fork:DeprecationWarning")
def test_a_worker_that_cannot_pass_a_batch_on_ends_the_training(recipe, shards, monkeypatch):
    passed, training = ForkingPickler.dumps, os.getpid()

    def full(*values):
        if os.getpid() != training:  # what the training passes to its workers is no batch
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return passed(*values)

    monkeypatch.setattr(ForkingPickler, "dumps", staticmethod(full))
    with pytest.raises(SimulationError, match="has died, perhaps for memory, or for room in /dev/shm"), worker_deaths():
        parts_of(stream(recipe, shards, workers=1), 0, 1)


def test_ranks_and_micro_batches_divide_the_batch_of_one_process(recipe, shards):
    whole = parts_of(stream(recipe, shards), 0, 5)
    two = [parts_of(stream(recipe, shards, rank=rank, ranks=2), 0, 5) for rank in range(2)]
    accumulated = parts_of(stream(recipe, shards, batch=2, accumulate=2), 0, 5)
    for step, parts in enumerate(whole):
        assert same(parts, two[0][step] + two[1][step])
        assert same(parts, accumulated[step])
        assert sum(part.share for part in accumulated[step]) == pytest.approx(1)


def test_a_run_that_goes_on_computes_what_it_would_have_computed(recipe, shards):
    whole = parts_of(stream(recipe, shards), 0, 8)
    for start in (1, 2, 5):
        for before, after in zip(whole[start:], parts_of(stream(recipe, shards), start, 8 - start), strict=True):
            assert torch.equal(before[0].batch.x_TBF, after[0].batch.x_TBF)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded, use of fork:DeprecationWarning")
def test_workers_change_no_bit(recipe, shards):
    here, beside = (parts_of(stream(recipe, shards, workers=workers), 0, 4) for workers in (0, 2))
    for one, two in zip(here, beside, strict=True):
        assert torch.equal(one[0].batch.x_TBF, two[0].batch.x_TBF)
        assert one[0].draws.seeds == two[0].draws.seeds


def test_a_shard_that_changed_since_ends_the_stream_in_our_words(recipe, shards):
    which = stream(recipe, shards)
    for path in shards.glob("audio_*.tar"):
        data = bytearray(path.read_bytes())
        data[600:700] = bytes(100)
        path.write_bytes(data)
    with pytest.raises(NnasimError, match="has changed since the shard was made"):
        parts_of(which, 2, 8)


def test_joined_utterances_are_refused(recipe, shards):
    joined = recipe.float_run.augment.model_copy(update={"joined": 0.5})
    with pytest.raises(ConfigError, match=r"augment\.joined"):
        stream(recipe, shards, augment=joined)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded, use of fork:DeprecationWarning")
def test_a_worker_that_dies_is_told_in_our_words(recipe, shards, monkeypatch):
    which = stream(recipe, shards, workers=1)
    monkeypatch.setattr(_PartReader, "__getitem__", lambda self, plan: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(SimulationError, match="a process that computes features has died"), worker_deaths():
        parts_of(which, 0, 1)


def test_shards_and_manifests_are_not_mixed(recipe, shards, manifest):
    with pytest.raises(ConfigError, match="`nnasim data shard` makes one of it"):
        open_speech([shards, manifest], recipe)


def test_both_kinds_of_speech_say_the_same_words(recipe, shards, manifest):
    streamed, loaded = open_speech([shards / "index.json"], recipe), open_speech([manifest], recipe)
    assert streamed.words() == loaded.words()
    assert streamed.tokens().words == loaded.tokens().words
    in_memory = [speech.examples(speech.tokens(), "", silent) for speech in (streamed, loaded)]
    for one, two in zip(*in_memory, strict=True):
        assert (one.id, one.text, one.tokens) == (two.id, two.text, two.tokens)
        assert torch.equal(one.x_TD, two.x_TD)


@pytest.mark.parametrize(("words", "looks"), [(None, 0), (1, 1)], ids=["every word can be said", "one word alone"])
def test_lines_are_read_once_unless_a_word_cannot_be_said(recipe, shards, monkeypatch, words, looks):
    shard_set = ShardSet((read_shards(shards),), recipe)
    look = look_at(shard_set)
    tokens = WordTokens(list(look.words)[:words])
    expected, reads = surveyed(shard_set, tokens), []
    read = ShardSet.read
    monkeypatch.setattr(ShardSet, "read", lambda self, number: reads.append(number) or read(self, number))
    assert surveyed(shard_set, tokens, look=look) == expected
    assert len(reads) == looks * len(shard_set)


def test_subwords_are_learned_from_the_texts_of_the_one_look(recipe, shards):
    shard_set = ShardSet((read_shards(shards),), recipe.model_copy(update={"tokens": "subword", "subwords": 12}))
    look = look_at(shard_set)
    assert len(look.texts) == look.utterances > 0
    assert sum(map(len, (text.split() for text in look.texts))) == sum(look.words.values())
    assert look_at(ShardSet((read_shards(shards),), recipe)).texts == ()
