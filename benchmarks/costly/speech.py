"""Manifests, recordings and shards that could cost much."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.costly.attack import (
    Attack,
    Write,
    both,
    lines_file,
    sparse_file,
    text_file,
)


def _flac_of_an_hour(folder: Path) -> None:
    import soundfile

    with soundfile.SoundFile(folder / "hour.flac", "w", 48_000, 1, "PCM_16") as file:
        for _ in range(3600):
            file.write(np.zeros(48_000, np.int16))
    _manifest_of("hour.flac", 1, 3600.0)(folder)


def _manifest_of(audio: str, lines: int, duration: float = 1.0) -> Write:
    def write(folder: Path) -> None:
        entry = {"audio_filepath": audio, "duration": duration, "text": "one two"}
        (folder / "h.jsonl").write_text("".join(json.dumps({**entry, "id": str(n)}) + "\n" for n in range(lines)))

    return write


def _shards(change: Callable[[dict], object]) -> Write:
    """The seeds' folder of shards as `s`, with an index that says otherwise."""

    def write(folder: Path) -> None:
        import shutil

        shutil.copytree(folder / "shards", folder / "s")
        index = json.loads((folder / "s/index.json").read_text())
        change(index)
        (folder / "s/index.json").write_text(json.dumps(index))

    return write


def _large_tar(folder: Path) -> None:
    def grow(index: dict) -> None:
        index["shards"][0]["audio_bytes"] = 30_000_000_000

    _shards(grow)(folder)
    os.truncate(folder / "s/audio_0.tar", 30_000_000_000)


SPOKEN = "evaluate --manifest h.jsonl --checkpoint checkpoint --system float --limit 1"
TRAIN = "train --recipe tiny --train s --dev manifest.jsonl --steps 1 --out out"

ATTACKS = (
    Attack("manifest: 2,000,000 lines", lines_file("h.jsonl", "", '{"text":"","duration":1}\n', 2_000_000), SPOKEN),
    Attack("manifest: 50,000 lines of one file", _manifest_of("speech1.wav", 50_000), SPOKEN),
    Attack("manifest: a line of 60 MB", text_file("h.jsonl", lambda: b"[" * 60_000_000), SPOKEN),
    Attack("manifest: 3.9 GB, sparse", sparse_file("h.jsonl"), SPOKEN),
    Attack("speech: an hour of silence in FLAC", _flac_of_an_hour, SPOKEN),
    Attack(
        "speech: a WAV of 3.9 GB, sparse",
        both(
            sparse_file(
                "h.wav",
                head=b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x80\xbb\0\0"
                b"\0\x77\x01\0\x02\0\x10\0data\0\0\0\xe0",
            ),
            _manifest_of("h.wav", 1),
        ),
        SPOKEN,
    ),
    Attack("shards: an index of 40,000 shards", _shards(lambda i: i.update(shards=i["shards"][:1] * 40_000)), TRAIN),
    Attack("shards: a tar of 30 GB, sparse", _large_tar, TRAIN),
)
