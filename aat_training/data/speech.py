"""Speech to train on and to choose by: from manifests into memory, or from shards as a stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aat_training.config import Recipe, TrainConfig
from aat_training.data.batches import Example
from aat_training.data.check import check_files
from aat_training.data.examples import load_examples, make_tokens
from aat_training.data.manifest import Entry, read_manifest
from aat_training.data.notes import manifest_notes
from aat_training.data.parts import ExamplesInMemory, TrainSet
from aat_training.data.shards.layout import are_shards, read_shards
from aat_training.data.shards.read import example_of
from aat_training.data.shards.stream import ShardStream
from aat_training.data.shards.survey import ShardSet, look_at, surveyed, tokens_of
from aat_training.data.text import normalised
from aat_training.ranks import Ranks
from aat_training.tokens import Tokens
from nnasim.errors import ConfigError
from nnasim.progress import Progress

Tell = Callable[[list[str]], None]


class Speech(Protocol):
    """Utterances with their texts, before any feature is computed."""

    notes: list[str]

    def tokens(self) -> Tokens:
        """The token inventory that their texts ask for."""
        ...

    def words(self) -> Counter[str]:
        """The number of times that each word is spoken."""
        ...

    def examples(self, tokens: Tokens, what: str, progress: Progress) -> list[Example]:
        """All of them in memory."""
        ...

    def train_set(
        self, run: TrainConfig, tokens: Tokens, ranks: Ranks, workers: int, progress: Progress, tell: Tell
    ) -> TrainSet:  # fmt: skip
        """The utterances to train on; the number left out is noted. Raises ConfigError if nothing is left."""
        ...


def open_speech(paths: Sequence[Path], recipe: Recipe) -> Speech:
    """The speech of manifests or of folders of shards. Raises FileError or ManifestError; ConfigError for a mixture."""
    in_shards = [path for path in paths if are_shards(path)]
    if not in_shards:
        return ManifestSpeech(recipe, [entry for path in paths for entry in read_manifest(path)], paths[0])
    if len(in_shards) < len(paths):
        other = next(path for path in paths if path not in in_shards)
        why = f"is no folder of shards, as {in_shards[0]} is; `nnasim data shard` makes one of it"
        raise ConfigError("train", "manifest", other, why)
    shards = ShardSet(tuple(map(read_shards, paths)), recipe)
    shards.refuse_missing()
    return ShardSpeech(recipe, shards)


@dataclass
class ManifestSpeech:
    """``Speech`` of manifests, whose files have been looked at."""

    recipe: Recipe
    entries: list[Entry]
    source: Path

    def __post_init__(self) -> None:
        check_files(self.entries)
        self.notes = manifest_notes(self.entries)

    def tokens(self) -> Tokens:
        """See ``Speech``."""
        return make_tokens(self.recipe, self.entries)

    def words(self) -> Counter[str]:
        """See ``Speech``."""
        return Counter(word for entry in self.entries for word in normalised(entry.text, self.recipe.text).split())

    def examples(self, tokens: Tokens, what: str, progress: Progress) -> list[Example]:
        """See ``Speech``."""
        return load_examples(self.entries, self.recipe, tokens, what, progress)

    def train_set(
        self, run: TrainConfig, tokens: Tokens, ranks: Ranks, workers: int, progress: Progress, tell: Tell
    ) -> TrainSet:  # fmt: skip
        """See ``Speech``."""
        examples = self.examples(tokens, "train features", progress)
        frames = self.recipe.model.stack * self.recipe.model.reduction
        usable = [e for e in examples if e.tokens and len(e.x_TD) // frames >= 1]
        if not usable:
            raise _nothing(self.source, len(examples))
        tell(_left_out(len(examples) - len(usable), len(examples)))
        return ExamplesInMemory(usable, self.recipe, run, ranks.rank, ranks.count)


@dataclass
class ShardSpeech:
    """``Speech`` of shards."""

    recipe: Recipe
    shards: ShardSet

    def __post_init__(self) -> None:
        self.notes = list[str]()
        self._look = look_at(self.shards)

    def tokens(self) -> Tokens:
        """See ``Speech``."""
        return tokens_of(self.recipe, self._look)

    def words(self) -> Counter[str]:
        """See ``Speech``."""
        return self._look.words

    def examples(self, tokens: Tokens, what: str, progress: Progress) -> list[Example]:
        """See ``Speech``."""
        examples = []
        for number in range(len(self.shards)):
            examples += [example_of(member, self.recipe, tokens) for member in self.shards.read(number)]
            progress(what, number + 1, len(self.shards))
        return examples

    def train_set(
        self, run: TrainConfig, tokens: Tokens, ranks: Ranks, workers: int, progress: Progress, tell: Tell
    ) -> TrainSet:  # fmt: skip
        """See ``Speech``."""
        survey = surveyed(self.shards, tokens, progress, self._look)
        total = sum(survey.counts)
        if not total:
            raise _nothing(self.shards.folders[0].folder, survey.left_out)
        tell(_left_out(survey.left_out, survey.left_out + total))
        return ShardStream(self.shards, survey, run, tokens, ranks.rank, ranks.count, workers)


def _nothing(source: Path, utterances: int) -> ConfigError:
    why = "none has a word that the model can say and is longer than one encoder output"
    return ConfigError(source, "utterances", utterances, why)


def _left_out(count: int, total: int) -> list[str]:
    if not count:
        return []
    why = "without a word that the model can say, or shorter than one encoder output"
    return [f"{count} of {total} train utterances are left out: {why}"]
