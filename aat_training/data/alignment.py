"""The times of each word of a composed utterance: a side file of the manifest, and the source of ``speech_end``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import Field

from aat_training.data.jsonl import json_lines
from nnasim import files
from nnasim.errors import ManifestError
from nnasim.records import Frozen, validated


class WordTime(Frozen):
    """One spoken word, ``start`` and ``end`` in seconds from the utterance's start."""

    word: str
    start: float = Field(ge=0)
    end: float = Field(ge=0, le=3600)


class Alignment(Frozen):
    """The words of the utterance ``id``, in the order in which they are spoken."""

    id: str
    words: tuple[WordTime, ...] = Field(min_length=1)

    @property
    def speech_end(self) -> float:
        """Seconds at which speech ends: the user-perceived latency counts from here."""
        return self.words[-1].end


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
    if not path.exists():
        return {}
    first: dict[str, str] = {}
    alignments = {}
    for _, where, data in json_lines(path):
        alignment = _alignment(where, data)
        if first.setdefault(alignment.id, where) != where:
            raise ManifestError(where, "id", alignment.id, f"stands already in {first[alignment.id]}")
        alignments[alignment.id] = alignment
    return alignments


def _alignment(where: str, data: Any) -> Alignment:
    alignment = validated(Alignment, data, where, ManifestError)
    before = 0.0
    for place, word in enumerate(alignment.words):
        if word.end < max(word.start, before):
            why = "must not be before its start, nor before the end of the word in front of it"
            raise ManifestError(where, f"words.{place}.end", word.end, why)
        before = word.end
    return alignment
