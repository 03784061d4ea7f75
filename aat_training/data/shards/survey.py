"""The content of shards before training: their texts, and how many utterances of each can be trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from aat_training.config import Recipe
from aat_training.data.shards.layout import Shards
from aat_training.data.shards.read import Member, members
from aat_training.tokens import SubwordTokens, Tokens, WordTokens
from nnasim import limits
from nnasim.progress import Progress, silent

MOST_TEXTS = limits.SHARD_TEXTS  # from which subwords are learned


@dataclass(frozen=True)
class ShardSet:
    """Several folders of shards as one row of shards."""

    folders: tuple[Shards, ...]
    recipe: Recipe

    def __len__(self) -> int:
        """Number of shards."""
        return sum(len(folder.index.shards) for folder in self.folders)

    def read(self, number: int) -> list[Member]:
        """The utterances of shard ``number``."""
        for folder in self.folders:
            if number < len(folder.index.shards):
                return members(folder, number, self.recipe.text)
            number -= len(folder.index.shards)
        raise AssertionError(number)

    def refuse_missing(self) -> None:
        """Raise FileError for a shard that differs from its entry in the index."""
        for folder in self.folders:
            folder.refuse_missing()

    def long_enough(self, member: Member) -> bool:
        """Whether an utterance lasts at least one encoder output."""
        features, model = self.recipe.features, self.recipe.model
        return member.seconds >= features.window_s + (model.stack * model.reduction - 1) * features.frame_period_s


@dataclass(frozen=True)
class Look:
    """The result of reading every line once. ``counts``: utterances of each shard that have a word and are long enough.

    ``texts``: normalised, the first million, if subwords are learned from them.
    """

    words: Counter[str]
    texts: tuple[str, ...]
    counts: tuple[int, ...]
    utterances: int


@dataclass(frozen=True)
class Survey:
    """``counts``: usable utterances of each shard; ``left_out``: how many others there are."""

    counts: tuple[int, ...]
    left_out: int


def look_at(shards: ShardSet) -> Look:
    """The content of every shard's manifest, each line read once, and no audio."""
    words, texts, counts, utterances = Counter[str](), list[str](), list[int](), 0
    room = MOST_TEXTS if shards.recipe.tokens == "subword" else 0
    for number in range(len(shards)):
        in_shard = shards.read(number)
        words.update(word for member in in_shard for word in member.text.split())
        texts += [member.text for member in in_shard[: room - len(texts)]]
        counts.append(sum(bool(member.text.split()) and shards.long_enough(member) for member in in_shard))
        utterances += len(in_shard)
    return Look(words, tuple(texts), tuple(counts), utterances)


def tokens_of(recipe: Recipe, look: Look) -> Tokens:
    """The token inventory of a recipe, from all words that are said; subwords from the first million texts."""
    if recipe.tokens == "word":
        return WordTokens.from_counts(look.words)
    return SubwordTokens.from_texts(look.texts, recipe.subwords)


def surveyed(shards: ShardSet, tokens: Tokens, progress: Progress = silent, look: Look | None = None) -> Survey:
    """The number of utterances of each shard that can be trained on: those of ``look``, if every word has tokens.

    Else every line is read again, since one that has only words without a token is left out.
    """
    if look is not None and all(map(tokens.encode, look.words)):
        return Survey(look.counts, look.utterances - sum(look.counts))
    counts, everything = list[int](), 0
    for number in range(len(shards)):
        in_shard = shards.read(number)
        counts.append(len(usable(in_shard, shards, tokens)))
        everything += len(in_shard)
        progress("shards surveyed", number + 1, len(shards))
    return Survey(tuple(counts), everything - sum(counts))


def usable(in_shard: Sequence[Member], shards: ShardSet, tokens: Tokens) -> list[Member]:
    """Utterances with a token that last at least one encoder output."""
    return [member for member in in_shard if shards.long_enough(member) and tokens.encode(member.text)]
