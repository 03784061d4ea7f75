"""Memory of an hour of audio: ``python -m benchmarks.long_audio [--system aat] [--seconds 60 3600] [--utterances N]``.

Silence and noise as FLAC files of 16 kHz and 16 bits, each decoded by ``nnasim evaluate`` in a process of its own, with
the bundled model: its greatest resident memory, and its CPU time. The first row is a process that only loads the model.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from aat_training.checkpoint_files import checkpoint_for
from workloads.bundled import checkpoints_folder

RATE = 16_000


def blocks(kind: str, seconds: int) -> Iterator[np.ndarray]:
    """A second of audio at a time, int16."""
    rng = np.random.default_rng(0)
    for _ in range(seconds):
        yield np.zeros(RATE, np.int16) if kind == "silence" else rng.integers(-3000, 3000, RATE, dtype=np.int16)


def make_manifest(folder: Path, kind: str, seconds: int, utterances: int) -> Path:
    """``utterances`` without words, all of one file."""
    audio = folder / f"{kind}-{seconds}.flac"
    with soundfile.SoundFile(audio, "w", RATE, 1, "PCM_16") as file:
        for block in blocks(kind, seconds):
            file.write(block)
    manifest = audio.with_suffix(".jsonl")
    line = {"audio_filepath": audio.name, "duration": seconds, "text": ""}
    manifest.write_text("".join(json.dumps({"id": f"u{n}", **line}) + "\n" for n in range(utterances)))
    return manifest


def cost(command: list[str]) -> tuple[float, float]:
    """Greatest resident memory in MB, and CPU seconds, of a process. Ends this one if that one fails."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    told = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(told)
    return usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", default="aat", help="which of the five")
    parser.add_argument("--seconds", type=int, nargs="+", default=[60, 3600], help="of each kind")
    parser.add_argument("--utterances", type=int, default=1, help="of each manifest, that many times the same file")
    arguments = parser.parse_args()
    checkpoint = checkpoint_for(checkpoints_folder(), arguments.system)
    evaluate = [sys.executable, "-m", "nnasim", "evaluate", "--checkpoint", str(checkpoint), "--quiet"]
    print("| audio | seconds | file, MB | memory, MB | CPU s |\n|---|---|---|---|---|", flush=True)
    load = "from aat_training.systems import load_system; from nnasim.hardware import load_preset; "
    load += f"load_system({str(checkpoint)!r}, {arguments.system!r}, load_preset('edge256').numerics)"
    print("| none | 0 | 0 | {:.0f} | {:.1f} |".format(*cost([sys.executable, "-c", load])), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("silence", "noise"):
            for seconds in arguments.seconds:
                manifest = make_manifest(Path(folder), kind, seconds, arguments.utterances)
                size = manifest.with_suffix(".flac").stat().st_size / 1e6
                told = manifest.with_suffix(".json")
                where = ["--manifest", str(manifest), "--system", arguments.system, "--json", str(told)]
                print(
                    "| {} | {} | {:.1f} | {:.0f} | {:.1f} |".format(kind, seconds, size, *cost([*evaluate, *where])),
                    flush=True,
                )


if __name__ == "__main__":
    main()
