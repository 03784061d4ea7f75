"""What binds a file to others, set right for a mutant: digests and places, so that it is read and not only compared."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import re
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.fuzz.flac import of_flac
from tests.fuzz.mutation import of_bytes, of_json
from tests.fuzz.tensors import Tensor, of_safetensors, packed, parsed

Bind = Callable[[Path], None]
_DIGEST = re.compile("[0-9a-f]{16}")


def bind_nothing(folder: Path) -> None:
    """Most files stand alone."""


def bind_weights(checkpoint: str) -> Bind:
    """The digest of the numbers of ``checkpoint`` in its description."""

    def bind(folder: Path) -> None:
        meta, weights = folder / checkpoint / "model.json", folder / checkpoint / "model.safetensors"
        with contextlib.suppress(ValueError):
            record = json.loads(meta.read_bytes())
            if isinstance(record, dict) and str(record.get("weights")).startswith("sha256 "):
                meta.write_text(json.dumps(record | {"weights": f"sha256 {_sha256(weights.read_bytes())}"}))

    return bind


def bind_manifest(folder: Path) -> None:
    """Digests in the manifest of the first shard, of utterances whose places are any, and its own in the index."""
    tar, path = (folder / "shards/audio_0.tar").read_bytes(), folder / "shards/sharded_manifests/manifest_0.json"
    lines = [_with_digest(line, tar) for line in path.read_bytes().splitlines(keepends=True)]
    path.write_bytes(b"".join(lines))
    _bind_index(folder)


def bind_shard(folder: Path) -> None:
    """The places and digests of utterances in the first shard as its tar has them, and its own in the index."""
    path, tar = folder / "shards/sharded_manifests/manifest_0.json", folder / "shards/audio_0.tar"
    with contextlib.suppress(tarfile.TarError, EOFError, OSError, ValueError), tarfile.open(tar) as members:
        places = {member.name: (member.offset_data, member.size) for member in members}
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            if (name := line["audio_filepath"]) in places:
                line["byte_offset"], line["bytes"] = places[name]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    bind_manifest(folder)


def of_shard(data: bytes, rng: random.Random) -> bytes:
    """The sound of an utterance changed, and all packed again; for one of four the bytes of heads."""
    if rng.random() < 0.25:
        return of_bytes(data[:512], rng) + data[512:]
    changed = BytesIO()
    with tarfile.open(fileobj=BytesIO(data)) as members, tarfile.open(fileobj=changed, mode="w") as tar:
        for member in members:
            content = of_flac(members.extractfile(member).read(), rng)  # type: ignore[union-attr]
            member.size = len(content)
            tar.addfile(member, BytesIO(content))
    return changed.getvalue()


def of_training_state(data: bytes, rng: random.Random) -> bytes:
    """The record of a stopped training changed as JSON, or its tensors, with the digest that binds the two."""
    tensors, _ = parsed(data)
    record = json.loads(tensors.pop("record").data)
    if rng.random() < 0.5:
        tensors, _ = parsed(of_safetensors(packed(tensors), rng))
    else:
        kept = {name: record.pop(name) for name in ("settings", "versions") if rng.random() < 0.7}
        record = json.loads(of_json(json.dumps(record).encode(), rng))
        record = record | kept if isinstance(record, dict) else record
    if isinstance(record, dict) and isinstance(record.get("tensors"), str):
        record["tensors"] = _digest_of(tensors)
    text = json.dumps(record).encode("utf-8", "surrogatepass")
    return packed({**tensors, "record": Tensor("U8", (len(text),), text)})


def _digest_of(tensors: dict[str, Tensor]) -> str:
    """As a reader computes it from what it has loaded."""
    from safetensors.numpy import load

    from aat_training.checkpoint import digest_of_file
    from nnasim.tensorfile import tensor_bytes

    try:
        return digest_of_file(tensor_bytes(load(packed(tensors))))
    except Exception:  # what cannot be loaded has none
        return "sha256 0"


def _with_digest(line: bytes, tar: bytes) -> bytes:
    """``line`` with the digest of what stands at its place; as it is where it names no place, or holds no digest."""
    try:
        record: Any = json.loads(line)
        content = tar[record["byte_offset"] :][: record["bytes"]]
        if not _DIGEST.fullmatch(record["digest"]):
            return line
    except (ValueError, TypeError, KeyError):
        return line
    record["digest"] = _sha256(content)[:16]
    return json.dumps(record).encode() + b"\n"


def _bind_index(folder: Path) -> None:
    path = folder / "shards/index.json"
    index = json.loads(path.read_text())
    index["shards"][0] |= {
        "audio_bytes": (folder / "shards/audio_0.tar").stat().st_size,
        "audio_sha256": _sha256((folder / "shards/audio_0.tar").read_bytes()),
        "manifest_sha256": _sha256((folder / "shards/sharded_manifests/manifest_0.json").read_bytes()),
    }
    path.write_text(json.dumps(index))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
