"""What shards hold, before training: their texts, and how many utterances of each can be trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from aat_training.config import Recipe
from aat_training.data.shards.layout import Shards
from aat_training.data.shards.read import Member, members
from aat_training.tokens import SubwordTokens, Tokens, WordTokens
from nnasim.progress import Progress, silent

MOST_TEXTS = 1_000_000  # from which subwords are learned


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
        """FileError for a shard that is not as its index says."""
        for folder in self.folders:
            folder.refuse_missing()

    def texts(self) -> Iterator[str]:
        """The normalised text of every utterance, shard after shard."""
        return (member.text for number in range(len(self)) for member in self.read(number))


@dataclass(frozen=True)
class Survey:
    """``counts``: usable utterances of each shard; ``left_out``: how many others there are."""

    counts: tuple[int, ...]
    left_out: int


def tokens_of(shards: ShardSet, words: Counter[str]) -> Tokens:
    """The token inventory of a recipe, from all ``words`` that are said; subwords from the first million texts."""
    if shards.recipe.tokens == "word":
        return WordTokens.from_counts(words)
    return SubwordTokens.from_texts(islice(shards.texts(), MOST_TEXTS), shards.recipe.subwords)


def surveyed(shards: ShardSet, tokens: Tokens, progress: Progress = silent) -> Survey:
    """Look at every line of every shard's manifest, at no audio."""
    counts, everything = list[int](), 0
    for number in range(len(shards)):
        in_shard = shards.read(number)
        counts.append(len(usable(in_shard, shards.recipe, tokens)))
        everything += len(in_shard)
        progress("shards surveyed", number + 1, len(shards))
    return Survey(tuple(counts), everything - sum(counts))


def usable(in_shard: Sequence[Member], recipe: Recipe, tokens: Tokens) -> list[Member]:
    """Utterances with a token that last at least one encoder output."""
    features, model = recipe.features, recipe.model
    shortest = features.window_s + (model.stack * model.reduction - 1) * features.frame_period_s
    return [member for member in in_shard if member.seconds >= shortest and tokens.encode(member.text)]
