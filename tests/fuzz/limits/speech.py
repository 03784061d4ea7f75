"""Attacks on the limits of recordings and shards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from struct import pack

from tests.fuzz.limits.over import Over, Write

EVALUATE = "evaluate --manifest h.jsonl --checkpoint checkpoint --system float --limit 1"
STRINGS = "data strings h.tsv --out out.jsonl"
TRAIN = "train --recipe tiny --train h --dev manifest.jsonl --steps 1 --workers 0 --out out"


def wav(
    frames: Callable[[int], int] = lambda n: 4000,
    rate: int = 8000,
    channels: Callable[[int], int] = lambda n: 1,
    chunks: Callable[[int], int] = lambda n: 0,
) -> Write:
    """A recording of zeros that the disk does not hold, and the manifest and the list that name it."""

    def write(folder: Path, number: int) -> None:
        size, many = frames(number) * channels(number), channels(number)
        form = b"fmt " + pack("<IHHIIHH", 16, 1, many, rate, rate * many, many, 8)
        head = b"RIFF" + pack("<I", 0xFFFFFFFF) + b"WAVE" + form + b"LIST\0\0\0\0" * chunks(number)
        with open(folder / "h.wav", "wb") as file:
            file.write(head + b"data" + pack("<I", size))
            file.truncate(file.tell() + size)
        line = {"id": "a", "audio_filepath": "h.wav", "duration": 0.4, "text": "one"}
        (folder / "h.jsonl").write_text(json.dumps(line) + "\n")
        (folder / "h.tsv").write_text("path\ttext\tspeaker\tsplit\nh.wav\tone\ta\ttrain\n")

    return write


def long_utterance(folder: Path, number: int) -> None:
    """A folder of shards whose first utterance says that it has so many bytes."""
    import hashlib
    import shutil

    shutil.copytree(folder / "shards", folder / "h")
    path = folder / "h/sharded_manifests/manifest_0.json"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0]["bytes"] = number
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    index = json.loads((folder / "h/index.json").read_text())
    index["shards"][0]["manifest_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "h/index.json").write_text(json.dumps(index))


OVER = {
    "a recording of a single word, seconds": Over(wav(lambda n: n * 8000 + (n > 10)), STRINGS, "h.wav"),
    "a folder of shards, an utterance, bytes": Over(long_utterance, TRAIN, "bytes", "must lie, with its"),
    "audio, length, seconds": Over(wav(lambda n: n * 1000 + 1, rate=1000), EVALUATE, "h.wav"),
    "audio, channels, channels": Over(wav(channels=lambda n: n), EVALUATE, "h.wav", ""),
    "audio, a WAV file, chunks": Over(wav(chunks=lambda n: n - 2), EVALUATE, "h.wav", ""),
    "audio, samples of a channel, samples": Over(wav(lambda n: n, rate=96_000), EVALUATE, "h.wav"),
}
