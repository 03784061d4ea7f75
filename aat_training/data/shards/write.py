"""Shards from manifests: each shard is complete or missing, the index is written last, and a stopped run can
continue.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from aat_training.data.check import check_files
from aat_training.data.manifest import Entry, read_manifest
from aat_training.data.shards.content import Content, content_of
from aat_training.data.shards.layout import (
    INDEX,
    MOST_SHARDS,
    MOST_UTTERANCES,
    Shard,
    ShardIndex,
    audio_path,
    digest_of,
    lines_of,
    manifest_path,
    refuse_other_lines,
)  # fmt: skip
from aat_training.data.shards.owned import refuse_other_shards, refuse_other_start
from nnasim import files, limits
from nnasim.errors import ConfigError, FileError, reading
from nnasim.progress import Progress, silent

_HEADER_BYTES = 512  # of a member in a tar


def write_shards(
    manifests: Sequence[Path], folder: Path, hours: float, *,
    resume: bool = False, force: bool = False, progress: Progress = silent,
) -> ShardIndex:  # fmt: skip
    """Shards of ``hours`` of speech each, in the order of ``manifests``; the last one holds the rest.

    One manifest is in memory at a time. With ``resume``, existing shards are kept if they hold the same utterances.
    With ``force``, old shards are deleted when all new ones stand beside them, and stay whole until then.
    Raises FileError, ManifestError, or ConfigError for more shards than an index holds.
    """
    _refuse_existing(folder, resume=resume, force=force)
    if not (force and folder.exists() and _names(folder)):
        return _made(manifests, folder, hours, progress)
    place = Path(os.path.realpath(folder))  # a link stays, and the new shards go where it leads
    with files.new_folder(place, force=True, check=refuse_other_shards) as partial:
        return _made(manifests, partial, hours, progress)


def _made(manifests: Sequence[Path], folder: Path, hours: float, progress: Progress) -> ShardIndex:
    """``write_shards`` into a folder that is new, or holds shards to be kept."""
    shards: list[Shard] = []
    for number, entries in enumerate(_divided(_checked(manifests), hours)):
        if number >= MOST_SHARDS:
            raise ConfigError("shard", "hours_per_shard", hours, f"makes more than {MOST_SHARDS:,} shards")
        shards.append(_kept(folder, number, entries) or _written(folder, number, entries))
        progress("shards", number + 1, None, f"{sum(shard.seconds for shard in shards) / 3600:.1f} h")
    _remove(folder, len(shards))
    index = ShardIndex(hours_per_shard=hours, shards=tuple(shards))
    files.write_json(folder / INDEX, index.model_dump(mode="json"))
    return index


def _refuse_existing(folder: Path, *, resume: bool, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise FileError(folder, "is not a folder")
    if not folder.exists() or not _names(folder):
        files.refuse_existing(folder / INDEX)  # whether anything can be written there
        return
    if not (resume or force):
        raise FileError(folder, "exists already; use `resume` to continue it or `force` to start afresh")
    if force:
        files.refuse_existing(os.path.realpath(folder), force=True, check=refuse_other_shards)
        return
    if (folder / INDEX).exists():
        raise FileError(folder / INDEX, "stands already: these shards are complete; use `force` to start afresh")
    refuse_other_start(folder)


def _names(folder: Path) -> list[str]:
    with reading(folder):
        return os.listdir(folder)


def _remove(folder: Path, first: int) -> None:
    """Remove the shards from number ``first`` on, which an earlier run with other settings may have left."""
    for number in range(first, MOST_SHARDS):
        if not (audio_path(folder, number).exists() or manifest_path(folder, number).exists()):
            return
        manifest_path(folder, number).unlink(missing_ok=True)
        audio_path(folder, number).unlink(missing_ok=True)


def _checked(manifests: Sequence[Path]) -> Iterator[Entry]:
    for path in manifests:
        entries = read_manifest(path)
        check_files(entries)
        yield from entries


def _divided(entries: Iterable[Entry], hours: float) -> Iterator[list[Entry]]:
    """Runs of consecutive entries that last at least ``hours``; the last one is the rest."""
    shard, seconds = list[Entry](), 0.0
    for entry in entries:
        shard.append(entry)
        seconds += entry.duration
        if seconds >= 3600 * hours or len(shard) == MOST_UTTERANCES:
            yield shard
            shard, seconds = [], 0.0
    if shard:
        yield shard


def _written(folder: Path, number: int, entries: list[Entry]) -> Shard:
    """Write the tar, then its manifest: where that stands, the tar stands too."""
    lines, seconds = [], 0.0
    with files.new_file(audio_path(folder, number), force=True) as file:
        hashing = _Hashing(file)
        # Members of a fixed form: the same utterances give the same bytes.
        with tarfile.open(fileobj=hashing, mode="w", format=tarfile.USTAR_FORMAT) as tar:  # type: ignore[call-overload]
            for place, entry in enumerate(entries):
                content = content_of(entry)
                member = tarfile.TarInfo(f"{place:06d}.{content.suffix}")
                member.size = len(content.data)
                lines.append(_line(entry, content, member.name, number, tar.offset + _HEADER_BYTES))
                tar.addfile(member, io.BytesIO(content.data))
                seconds += content.seconds
    data = "".join(files.json_text(line, indent=None) for line in lines).encode()
    files.write_bytes(manifest_path(folder, number), data, force=True)
    return Shard(
        utterances=len(lines),
        seconds=round(seconds, 6),
        audio_bytes=hashing.size,
        audio_sha256=hashing.sha256.hexdigest(),
        manifest_sha256=hashlib.sha256(data).hexdigest(),
    )


def _line(entry: Entry, content: Content, name: str, shard: int, offset: int) -> dict[str, Any]:
    line = {
        "id": entry.id, entry.field: name, "duration": round(content.seconds, 6), "text": entry.text,
        "shard_id": shard, "byte_offset": offset, "bytes": len(content.data), "digest": digest_of(content.data),
    }  # fmt: skip
    return line if entry.speaker is None else {**line, "speaker": entry.speaker}


def _kept(folder: Path, number: int, entries: list[Entry]) -> Shard | None:
    """Shard ``number`` as a stopped run has left it; None if there is none. Raises FileError for other utterances."""
    path = manifest_path(folder, number)
    if not path.exists():
        return None
    manifest = files.read_bytes(path, limits.MANIFEST_BYTES)
    lines = lines_of(manifest, path)
    if [(line.id, line.text) for line in lines] != [(entry.id, entry.text) for entry in entries]:
        raise FileError(path, "was made of other utterances, or with other hours a shard; use `force` to start afresh")
    with files.open_regular(audio_path(folder, number)) as file:
        audio = hashlib.file_digest(file, "sha256")
        size = file.tell()
    shard = Shard(
        utterances=len(lines),
        seconds=round(sum(line.duration for line in lines), 6),
        audio_bytes=size,
        audio_sha256=audio.hexdigest(),
        manifest_sha256=hashlib.sha256(manifest).hexdigest(),
    )
    refuse_other_lines(lines, number, shard, path)
    return shard


class _Hashing:
    """A file that takes the digest of what is written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.sha256, self.size = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        """Write and hash."""
        self.sha256.update(data)
        self.size += len(data)
        return self._file.write(data)

    def tell(self) -> int:
        """Bytes written."""
        return self.size
