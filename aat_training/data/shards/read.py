"""Reading of shards: the texts of one, and one utterance's features, checked against the digests that they were written
with.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from aat_training.config import Recipe
from aat_training.data.audio import decoded_audio
from aat_training.data.batches import Example
from aat_training.data.cepstra import parsed_mfc
from aat_training.data.features import FeatureConfig, features_of_audio, features_of_cepstra
from aat_training.data.jsonl import MAX_FILE_BYTES
from aat_training.data.shards.layout import (
    Line,
    Shards,
    audio_path,
    digest_of,
    lines_of,
    manifest_path,
    refuse_other_lines,
)
from aat_training.data.text import Normalisation, normalised
from aat_training.tokens import Tokens
from nnasim import files
from nnasim.errors import FileError


@dataclass(frozen=True, slots=True)
class Member:
    """The place of one utterance: ``size`` bytes from ``offset`` of the file ``shard``; its ``text`` is normalised."""

    shard: Path
    name: str
    offset: int
    size: int
    digest: str
    seconds: float
    text: str
    id: str

    @property
    def where(self) -> str:
        """The name of the utterance in messages."""
        return f"{self.shard} {self.name}"


def members(shards: Shards, number: int, normalisation: Normalisation) -> list[Member]:
    """The utterances of shard ``number``, in its order. Raises FileError where its manifest has changed, ManifestError
    where it is not what the index says.
    """
    path, shard = manifest_path(shards.folder, number), shards.index.shards[number]
    data = files.read_bytes(path, MAX_FILE_BYTES)
    if hashlib.sha256(data).hexdigest() != shard.manifest_sha256:
        raise FileError(path, "has changed since its index was written")
    audio = audio_path(shards.folder, number)
    lines = lines_of(data, path)
    refuse_other_lines(lines, number, shard, path)
    return [_member(line, audio, normalisation) for line in lines]


def _member(line: Line, audio: Path, normalisation: Normalisation) -> Member:
    return Member(
        shard=audio,
        name=str(line.audio_filepath or line.features_filepath),
        offset=line.byte_offset,
        size=line.bytes,
        digest=line.digest,
        seconds=line.duration,
        text=normalised(line.text, normalisation),
        id=line.id,
    )


def example_of(member: Member, recipe: Recipe, tokens: Tokens) -> Example:
    """One utterance with its features, computed now. Raises FileError as ``features_of_member`` raises it."""
    x_TD = features_of_member(member, recipe.features)
    return Example(member.id, member.text, x_TD, tuple(tokens.encode(member.text)))


def features_of_member(member: Member, cfg: FeatureConfig) -> Tensor:
    """The features of one utterance, float32 (T, D).

    Raises FileError for bytes that are not those the shard was made with, or of the other kind of features.
    """
    data = _content(member)
    where = Path(member.where)
    stored = member.name.endswith(".mfc")
    if stored != (cfg.kind == "cepstra"):
        raise FileError(where, f"holds {'cepstra' if stored else 'audio'}, and this recipe needs the other")
    if stored:
        return torch.from_numpy(features_of_cepstra(parsed_mfc(data, where), cfg))
    return torch.from_numpy(features_of_audio(*decoded_audio(io.BytesIO(data), where), cfg, where))


def _content(member: Member) -> bytes:
    with files.open_regular(member.shard) as file:
        file.seek(member.offset)
        data = file.read(member.size)
    if digest_of(data) != member.digest:
        raise FileError(member.where, "has changed since the shard was made: its bytes have another digest")
    return data
