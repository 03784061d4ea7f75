"""Manifest entries -> utterances in memory."""

from __future__ import annotations

import torch

from aat_training.config import Recipe
from aat_training.data.batches import Example
from aat_training.data.features import features_of
from aat_training.data.manifest import Entry
from aat_training.data.text import normalised
from aat_training.tokens import SubwordTokens, Tokens, WordTokens
from nnasim.progress import Progress, silent


def make_tokens(recipe: Recipe, entries: list[Entry]) -> Tokens:
    """The token inventory of a recipe, from the training texts."""
    texts = [normalised(entry.text, recipe.text) for entry in entries]
    return WordTokens.from_texts(texts) if recipe.tokens == "word" else SubwordTokens.from_texts(texts, recipe.subwords)


def load_examples(
    entries: list[Entry], recipe: Recipe, tokens: Tokens, what: str = "features", progress: Progress = silent
) -> list[Example]:
    """Features, normalised text and token numbers of every entry. Raises ManifestError with the manifest's line."""
    examples = []
    for number, entry in enumerate(entries, start=1):
        x_TD = torch.from_numpy(features_of(entry, recipe.features))
        text = normalised(entry.text, recipe.text)
        examples.append(Example(entry.id, text, x_TD, tuple(tokens.encode(text))))
        progress(what, number, len(entries))
    return examples
