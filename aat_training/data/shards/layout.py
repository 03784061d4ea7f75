"""The content of a folder of shards: its index, and for each shard a tar, and a manifest with the place of each
utterance in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from aat_training.data.jsonl import parsed_lines
from aat_training.data.manifest import MAX_SECONDS, MAX_TEXT, Text
from nnasim import files, limits
from nnasim.errors import FileError, ManifestError
from nnasim.records import Frozen, Integer, Items, Number, validated

INDEX = "index.json"
MOST_SHARDS = limits.SHARDS
MOST_UTTERANCES = limits.MANIFEST_LINES  # of one shard: a manifest's most lines
MOST_BYTES = limits.SHARD_UTTERANCE_BYTES  # of one utterance
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Shard(Frozen):
    """One shard as the index knows it. Its files are named after its number: no name from a file becomes a path."""

    model_config = ConfigDict(strict=True)

    utterances: Integer = Field(gt=0, le=MOST_UTTERANCES)
    seconds: Number = Field(gt=0, le=MOST_UTTERANCES * MAX_SECONDS)
    audio_bytes: Integer = Field(gt=0)
    audio_sha256: _Digest
    manifest_sha256: _Digest


class ShardIndex(Frozen):
    """The content of ``index.json``: every shard, and the hours of speech after which the next one begins."""

    kind: Literal["nnasim.shards"] = "nnasim.shards"
    schema_version: Literal[1] = 1
    hours_per_shard: Number = Field(gt=0)
    shards: Items[Shard] = Field(min_length=1, max_length=MOST_SHARDS)


class Line(Frozen):
    """An utterance in a shard's manifest: NeMo's fields, and where its file stands in the tar, with a digest of it.

    ``byte_offset``, ``bytes``: of the file's content in the tar, so that one utterance is read without the others.
    """

    model_config = ConfigDict(strict=True)

    id: Text = Field(min_length=1, max_length=500)
    audio_filepath: str | None = Field(None, pattern=r"^[0-9]{6}\.(flac|wav)$")
    features_filepath: str | None = Field(None, pattern=r"^[0-9]{6}\.mfc$")
    duration: Number = Field(gt=0, le=MAX_SECONDS)
    text: Text = Field(max_length=MAX_TEXT)
    speaker: Text | None = Field(None, max_length=500)
    shard_id: Integer = Field(ge=0, le=MOST_SHARDS)
    byte_offset: Integer = Field(ge=0)
    bytes: Integer = Field(gt=0, le=MOST_BYTES)
    digest: str = Field(pattern=r"^[0-9a-f]{16}$")


@dataclass(frozen=True)
class Shards:
    """A folder of shards, opened: its ``index``, and the ``digest`` of that."""

    folder: Path
    index: ShardIndex
    digest: str

    def refuse_missing(self) -> None:
        """Raise FileError for the first shard that is missing, or not of the size that the index gives."""
        for number, shard in enumerate(self.index.shards):
            path = audio_path(self.folder, number)
            for each in (path, manifest_path(self.folder, number)):
                if not each.is_file():
                    raise FileError(each, f"is missing, and {self.folder / INDEX} counts on it")
            if (size := path.stat().st_size) != shard.audio_bytes:
                why = f"has {size} bytes and had {shard.audio_bytes} when {INDEX} was written: it has changed since"
                raise FileError(path, why)


def audio_path(folder: Path, number: int) -> Path:
    """The tar of shard ``number``."""
    return folder / f"audio_{number}.tar"


def manifest_path(folder: Path, number: int) -> Path:
    """The manifest of shard ``number``."""
    return folder / "sharded_manifests" / f"manifest_{number}.json"


def are_shards(path: str | Path) -> bool:
    """Whether ``path`` is a folder of shards or its index, and not a manifest."""
    path = Path(path)
    return path.is_dir() or path.name == INDEX


def read_shards(path: str | Path) -> Shards:
    """The index of a folder of shards, given by its own path or the folder's. Raises FileError or ManifestError."""
    path = Path(path)
    source = path / INDEX if path.is_dir() else path
    if path.is_dir() and not source.exists():
        raise FileError(path, f"holds no {INDEX}: no folder of shards, or one whose making was stopped")
    data = files.read_bytes(source)
    record = files.parse_json(data.decode("utf-8", "replace"), source)
    files.refuse_other(record, "the index of shards", source)
    index = validated(ShardIndex, record, source, ManifestError)
    return Shards(source.parent, index, hashlib.sha256(data).hexdigest())


def lines_of(data: bytes, source: Path) -> list[Line]:
    """The lines of a shard's manifest. Raises FileError or ManifestError with the line."""
    return [_line(record, where) for _, where, record in parsed_lines(data, source)]


def _line(record: object, where: str) -> Line:
    line = validated(Line, record, where, ManifestError)
    if (line.audio_filepath is None) == (line.features_filepath is None):
        raise ManifestError(where, "id", line.id, "needs exactly one of audio_filepath and features_filepath")
    return line


def refuse_other_lines(lines: Sequence[Line], number: int, shard: Shard, source: Path) -> None:
    """Raise ManifestError unless ``lines`` of ``source`` are what the index says of ``shard``, and lie within its tar.

    Seconds are rounded line by line.
    """
    if len(lines) != shard.utterances:
        raise ManifestError(source, "utterances", len(lines), f"must be {shard.utterances}, as {INDEX} says")
    seconds = sum(line.duration for line in lines)
    if abs(seconds - shard.seconds) > 1e-3 + 1e-5 * len(lines):
        raise ManifestError(source, "seconds", seconds, f"must be {shard.seconds}, as {INDEX} says")
    for line in lines:
        where = f"{source} {line.audio_filepath or line.features_filepath}"
        if line.shard_id != number:
            raise ManifestError(where, "shard_id", line.shard_id, f"must be {number}, the number of its shard")
        if line.byte_offset + line.bytes > shard.audio_bytes:
            why = f"must lie, with its {line.bytes} bytes, within the {shard.audio_bytes} bytes of the shard"
            raise ManifestError(where, "byte_offset", line.byte_offset, why)


def digest_of(data: bytes) -> str:
    """The digest that proves that an utterance's bytes are those that the shard was made with."""
    return hashlib.sha256(data).hexdigest()[:16]
