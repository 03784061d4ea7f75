"""Text <-> token numbers. 0 is the blank, which is also what starts the prediction network."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

from nnasim.errors import CheckpointError, ConfigError

BLANK = 0


class Tokens(Protocol):
    """A token inventory; ``size`` counts the blank."""

    @property
    def size(self) -> int:
        """Number of outputs of the joint network."""

    def encode(self, text: str) -> list[int]:
        """Token numbers of ``text``, unknown words left out."""

    def decode(self, ids: Iterable[int]) -> str:
        """Text of token numbers."""

    def state(self) -> dict[str, Any]:
        """The record in a checkpoint."""


class WordTokens:
    """One token a word, in order of frequency, then of the alphabet."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self._numbers = {word: number for number, word in enumerate(words, start=1)}

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> WordTokens:
        """The words that occur in ``texts``."""
        return cls.from_counts(Counter(word for text in texts for word in text.split()))

    @classmethod
    def from_counts(cls, counts: Counter[str]) -> WordTokens:
        """The tokens for the words of ``counts``, which holds the frequency of each word."""
        return cls(sorted(counts, key=lambda word: (-counts[word], word)))

    @property
    def size(self) -> int:
        """Number of words and the blank."""
        return len(self.words) + 1

    def encode(self, text: str) -> list[int]:
        """Numbers of the known words of ``text``."""
        return [self._numbers[word] for word in text.split() if word in self._numbers]

    def decode(self, ids: Iterable[int]) -> str:
        """The words, joined by blanks."""
        return " ".join(self.words[number - 1] for number in ids)

    def state(self) -> dict[str, Any]:
        """Kind and words."""
        return {"kind": "word", "words": self.words}


class SubwordTokens:
    """sentencepiece unigram tokens; the serialised model travels in the checkpoint."""

    def __init__(self, model: bytes) -> None:
        from sentencepiece import SentencePieceProcessor

        self._model = model
        self._processor = SentencePieceProcessor(model_proto=model)

    @classmethod
    def from_texts(cls, texts: Iterable[str], size: int) -> SubwordTokens:
        """Train on ``texts``. Raises ConfigError when they cannot fill ``size`` pieces."""
        import io

        from sentencepiece import SentencePieceTrainer

        out = io.BytesIO()
        try:
            SentencePieceTrainer.train(
                sentence_iterator=iter(list(texts)), model_writer=out, vocab_size=size, model_type="unigram",
                character_coverage=1.0, bos_id=-1, eos_id=-1, unk_id=0, hard_vocab_limit=False, minloglevel=2,
                num_threads=1,
            )  # fmt: skip
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise ConfigError("recipe", "subwords", size, f"sentencepiece refuses the texts: {reason}") from None
        return cls(out.getvalue())

    @property
    def size(self) -> int:
        """Number of pieces; the unknown piece, number 0, is never emitted and serves as the blank."""
        return int(self._processor.get_piece_size())

    @property
    def unknown(self) -> int:
        """The number of the unknown piece."""
        return int(self._processor.unk_id())

    def encode(self, text: str) -> list[int]:
        """Piece numbers without the unknown piece."""
        return [number for number in self._processor.encode(text) if number != BLANK]

    def decode(self, ids: Iterable[int]) -> str:
        """Pieces joined to words."""
        return str(self._processor.decode(list(ids)))

    def state(self) -> dict[str, Any]:
        """Kind and the model as base64."""
        return {"kind": "subword", "model": base64.b64encode(self._model).decode()}


def tokens_from_state(state: Any, source: object) -> Tokens:
    """Tokens of a checkpoint. Raises CheckpointError."""
    if isinstance(state, dict) and state.get("kind") == "word":
        words = state.get("words")
        if (
            isinstance(words, list)
            and words
            and all(isinstance(word, str) and word.split() == [word] for word in words)
        ):
            _refuse_repeated(words, source)
            return WordTokens(words)
        raise CheckpointError(source, "tokens.words", words, "must be a list of words")
    if isinstance(state, dict) and state.get("kind") == "subword":
        try:
            return _subword_tokens(base64.b64decode(state["model"], validate=True))
        except (KeyError, ValueError, TypeError, RuntimeError) as error:
            raise CheckpointError(source, "tokens.model", "...", f"is no sentencepiece model ({error})") from None
    raise CheckpointError(source, "tokens", state, "must be of kind word or subword")


def _refuse_repeated(words: list[str], source: object) -> None:
    """Raise CheckpointError for a word that two outputs stand for, or that no file could hold."""
    if len(set(words)) < len(words):
        twice = next(word for word, count in Counter(words).items() if count > 1)
        raise CheckpointError(source, "tokens.words", twice, "is there twice: each output must have a word of its own")
    for word in words:
        if any("\ud800" <= character <= "\udfff" for character in word):
            raise CheckpointError(source, "tokens.words", word, "must be text, without halves of surrogate pairs")


def _subword_tokens(model: bytes) -> SubwordTokens:
    """The tokens of ``model``. Raises ValueError for one without pieces, or whose blank is a piece that is spoken."""
    if not model:  # sentencepiece takes it, and complains on stderr whenever it is asked for anything
        raise ValueError("it is empty")
    tokens = SubwordTokens(model)
    if (unknown := tokens.unknown) != BLANK:
        raise ValueError(f"its unknown piece is number {unknown}, must be {BLANK}: the blank")
    return tokens
