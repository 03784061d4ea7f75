"""A corpus decoded side by side gives the words of streaming, in the manifest's order."""

from __future__ import annotations

from aat_training.data.batches import stacked
from aat_training.decode.corpus import decode_corpus
from aat_training.decode.greedy import GreedyDecoder
from aat_training.tokens import WordTokens
from nnasim.numerics.config import NumericsConfig

TOKENS = WordTokens(["one", "two", "three", "four"])


def streamed(model, example, recipe) -> str:
    decoder = GreedyDecoder(model, recipe.model.max_symbols)
    decoder.feed(stacked(example.x_TD, recipe.model.stack))
    return TOKENS.decode(decoder.decoded.tokens)


def test_batches_give_the_words_of_streaming_in_the_order_of_the_manifest(on_chip, examples, recipe) -> None:
    chip_model = on_chip(NumericsConfig())
    decodes = decode_corpus(chip_model, examples[:9], recipe, TOKENS, batch=4)
    assert decodes == [(example.text, streamed(chip_model, example, recipe)) for example in examples[:9]]
    assert any(hypothesis for _, hypothesis in decodes)
