"""The times of each word of a manifest's utterances: a file beside it, and the source of ``speech_end``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ConfigDict, Field

from aat_training.data.jsonl import json_lines
from aat_training.data.text import normalised
from nnasim import files
from nnasim.errors import ManifestError, named, shown
from nnasim.records import Frozen, Number, validated

END_SLACK_S = 0.08  # the longest frame that aligners count in: the last one may reach behind the audio


class WordTime(Frozen):
    """One spoken word, ``start`` and ``end`` in seconds from the utterance's start."""

    model_config = ConfigDict(strict=True)

    word: str
    start: Number = Field(ge=0)
    end: Number = Field(ge=0, le=3600)


class Alignment(Frozen):
    """The words of the utterance ``id``, in the order in which they are spoken."""

    id: str
    words: tuple[WordTime, ...] = Field(min_length=1)

    @property
    def speech_end(self) -> float:
        """Seconds at which speech ends: the user-perceived latency counts from here."""
        return self.words[-1].end


class Timed(NamedTuple):
    """The content of an alignment that every use of a manifest needs, and ``where`` it stands: its file and line.

    ``text``: its words, separated by blanks; ``last``: the last one's number, from 0; ``speech_end``: its end [s].
    """

    where: str
    text: str
    last: int
    speech_end: float

    def refuse_other_text(self, text: str, source: str) -> None:
        """Raise ManifestError unless its words are those of ``text``, the text of the utterance in ``source``.

        Letters, numbers and punctuation may be written in another way, as aligners do.
        """
        if self.text.split() == text.split():
            return
        own, given = (normalised(words, "english").split() for words in (self.text, text))
        for place, (word, wanted) in enumerate(zip_longest(own, given), start=1):
            if word != wanted:
                is_there = "has no further word" if wanted is None else f"has {shown(wanted)}"
                why = f"must be the words of the utterance in {named(source)}, whose text {is_there} as word {place}"
                raise ManifestError(self.where, "words", self.text, why)

    def refuse_end_behind(self, seconds: float, source: str) -> None:
        """Raise ManifestError if the last word ends behind the ``seconds`` that the utterance in ``source`` lasts."""
        if self.speech_end > seconds + END_SLACK_S + 1e-9:
            why = f"lies behind the end of the utterance in {named(source)}, which lasts {seconds:g} s"
            raise ManifestError(self.where, f"words.{self.last}.end", self.speech_end, why)


def alignment_path(manifest: str | Path) -> Path:
    """The file of the alignments of ``manifest``: ``train.jsonl`` -> ``train.align.jsonl`` beside it."""
    return Path(manifest).with_suffix(".align.jsonl")


def alignment_bytes(alignments: Iterable[Alignment]) -> bytes:
    """The side file's content: one JSON object a line."""
    return "".join(files.json_text(a.model_dump(mode="json"), indent=None) for a in alignments).encode()


def read_alignments(manifest: str | Path) -> dict[str, Alignment]:
    """The alignments of ``manifest`` by utterance id; none where it has no side file, as real recordings have.

    Raises FileError or ManifestError, with the line, for a side file that is there and wrong.
    """
    path = alignment_path(manifest)
    return {alignment.id: alignment for _, alignment in _lines(path)} if os.path.lexists(path) else {}


def read_timed(manifest: str | Path) -> dict[str, Timed] | None:
    """The alignments of ``manifest`` by utterance id, as ``read_alignments`` reads them; None where it has none.

    A link beside it that leads nowhere is a side file that cannot be read.
    """
    path = alignment_path(manifest)
    return (
        {alignment.id: _timed(where, alignment) for where, alignment in _lines(path)} if os.path.lexists(path) else None
    )


def _timed(where: str, alignment: Alignment) -> Timed:
    text = " ".join(word.word for word in alignment.words)
    return Timed(where, text, len(alignment.words) - 1, alignment.speech_end)


def _lines(path: Path) -> Iterator[tuple[str, Alignment]]:
    """Each alignment, and where it stands. Raises ManifestError for an utterance that has two."""
    first: dict[str, str] = {}
    for _, where, data in json_lines(path):
        alignment = _alignment(where, data)
        if first.setdefault(alignment.id, where) != where:
            raise ManifestError(where, "id", alignment.id, f"stands already in {first[alignment.id]}")
        yield where, alignment


def _alignment(where: str, data: Any) -> Alignment:
    alignment = validated(Alignment, data, where, ManifestError)
    before = 0.0
    for place, word in enumerate(alignment.words):
        if word.end < word.start or word.end < before:
            why = "must not be before its start, nor before the end of the word in front of it"
            raise ManifestError(where, f"words.{place}.end", word.end, why)
        if word.word.split() != [word.word]:
            raise ManifestError(where, f"words.{place}.word", word.word, "must be one word, without blanks")
        before = word.end
    return alignment
