"""Tokens: what a checkpoint may hold of them, and what is refused in one line."""

from __future__ import annotations

import base64

import pytest

from aat_training.tokens import SubwordTokens, WordTokens, tokens_from_state
from nnasim.errors import CheckpointError

TEXTS = ["one two three four five six seven", "eight nine zero ten eleven"]


@pytest.fixture(scope="module")
def model() -> bytes:
    return base64.b64decode(SubwordTokens.from_texts(TEXTS * 20, 20).state()["model"])


def subword(model: bytes) -> dict[str, str]:
    return {"kind": "subword", "model": base64.b64encode(model).decode()}


def test_tokens_come_back_as_they_were(model):
    for tokens in (WordTokens.from_texts(TEXTS), SubwordTokens(model)):
        read = tokens_from_state(tokens.state(), "model.json")
        assert read.size == tokens.size
        assert read.decode(read.encode("one two")) == "one two"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "must be a list of words"),
        (["a", 5], "must be a list of words"),
        (["a b"], "must be a list of words"),
        (["a", "b", "a"], "tokens.words = 'a': is there twice"),
        (["a", "\ud800"], "without halves of surrogate pairs"),
    ],
)
def test_words_that_no_model_has_are_refused(words, complaint):
    with pytest.raises(CheckpointError, match=complaint):
        tokens_from_state({"kind": "word", "words": words}, "model.json")


def test_a_subword_model_without_pieces_is_refused_and_nothing_else_is_said(capfd):
    """sentencepiece would take it, and complain on stderr each time that it is asked."""
    with pytest.raises(CheckpointError, match=r"tokens\.model = '\.\.\.': is no sentencepiece model \(it is empty\)"):
        tokens_from_state(subword(b""), "model.json")
    assert capfd.readouterr().err == ""


def test_the_unknown_piece_must_be_the_blank(model):
    from sentencepiece import sentencepiece_model_pb2 as protos

    proto = protos.ModelProto()
    proto.ParseFromString(model)
    proto.pieces[0].type, proto.pieces[3].type = 1, 2
    with pytest.raises(CheckpointError, match=r"its unknown piece is number -?\d, must be 0: the blank"):
        tokens_from_state(subword(proto.SerializeToString()), "model.json")


@pytest.mark.parametrize("kept", [1, 10, 1000, 200_000])
def test_a_cut_subword_model_is_one_line(model, kept):
    with pytest.raises(CheckpointError, match="is no sentencepiece model"):
        tokens_from_state(subword(model[:kept]), "model.json")
