"""Training on more speech than fits in memory: ``python -m benchmarks.streaming [--hours 200] [--json FILE]``.

A synthetic corpus goes through ``nnasim data shard``'s writer into shards of an hour, and through a training of one
epoch. It is noise of a low level in files of 20 s, each used many times, so that making it costs little. Features (10
frames a second) and model are made cheap, since neither is what is measured: resident memory of the training process
and of its worker, as the hours go by.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import soundfile

from aat_training.config import ModelConfig, Recipe
from aat_training.data.features import FeatureConfig
from aat_training.data.shards.write import write_shards
from aat_training.recipes import tiny
from aat_training.run_spec import RunSpec
from aat_training.train import train
from nnasim import files

RATE, SECONDS, FILES, BATCH = 8000, 20, 60, 64
WORDS = ("one", "two", "three", "four", "five")


def cheap_recipe(utterances: int) -> Recipe:
    """One epoch of a model that costs next to nothing."""
    base = tiny()
    steps = utterances // BATCH
    run = base.float_run.model_copy(update={"steps": steps, "batch": BATCH, "evaluate_every": steps, "curriculum": 0})
    features = FeatureConfig(kind="logmel", sample_rate=RATE, n_mels=8, window_s=0.1, hop_s=0.1)
    model = ModelConfig.model_validate({**base.model.model_dump(), "stack": 10, "encoder_units": 8, "joint_units": 8})
    return base.model_copy(update={"features": features, "model": model, "float_run": run, "name": "cheap"})


def make_manifest(folder: Path, utterances: int) -> Path:
    """``utterances`` lines that share ``FILES`` files of noise."""
    rng = np.random.default_rng(0)
    for number in range(FILES):
        soundfile.write(folder / f"{number}.flac", 1e-3 * rng.standard_normal(RATE * SECONDS), RATE, subtype="PCM_16")
    lines = [
        {
            "id": f"u{number}",
            "audio_filepath": f"{number % FILES}.flac",
            "duration": SECONDS,
            "text": " ".join(WORDS[(number + k) % 5] for k in range(1 + number % 4)),
        }
        for number in range(utterances)
    ]
    path = folder / "speech.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "dev.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines[:4]))
    return path


def resident_mb(process: int) -> float:
    """Resident memory of ``process`` in MB, pages that it shares with others divided among them."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("Pss:"))) / 1024


def children() -> list[int]:
    """This process's own."""
    return [int(number) for number in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


class Watch:
    """Progress that writes down memory now and then. ``rows``: hours streamed, MB of training and worker, CPU s."""

    def __init__(self, points: int = 10) -> None:
        self.points, self.rows = points, list[dict[str, float]]()

    def __call__(self, what: str, done: int, total: int | None, note: str = "") -> None:
        """Take notice of training steps."""
        if what != "training" or not total or done % max(1, total // self.points) > 0:
            return
        row = {
            "hours": done * BATCH * SECONDS / 3600,
            "training_mb": resident_mb(os.getpid()),
            "worker_mb": sum(map(resident_mb, children())),
            "cpu_s": time.process_time(),
        }
        self.rows.append({name: round(value, 1) for name, value in row.items()})
        print("| " + " | ".join(f"{value:g}" for value in self.rows[-1].values()) + " |", flush=True)


def main() -> None:
    """Make the corpus, stream it, print memory over time, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="where the corpus is made and left; default: made and removed")
    parser.add_argument("--json", type=Path, default=Path("streaming.json"), help="the file to write")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="nnasim-streaming-"))
    folder.mkdir(parents=True, exist_ok=True)
    utterances = options.hours * 3600 // SECONDS
    manifest, shards = make_manifest(folder, utterances), folder / "shards"
    begun = time.process_time()
    if not (shards / "index.json").exists():
        index = write_shards([manifest], shards, 1.0, resume=shards.exists())
        megabytes = sum(shard.audio_bytes for shard in index.shards) / 1e6
        print(
            f"{len(index.shards)} shards, {megabytes:.0f} MB, made in {time.process_time() - begun:.0f} s of CPU time"
        )
    recipe, watch = cheap_recipe(utterances), Watch()
    spec = RunSpec(recipe=recipe, run=recipe.float_run, train=(shards,), dev=folder / "dev.jsonl")
    print("| hours streamed | training [MB] | worker [MB] | CPU of the training [s] |\n|---|---|---|---|")
    out = folder / "model"
    out.mkdir(exist_ok=True)
    train(spec, out, resume=False, progress=watch)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    record = {"hours": options.hours, "rows": watch.rows, "worker_cpu_s": round(usage.ru_utime + usage.ru_stime, 1)}
    files.write_json(options.json, record, force=True)
    print(f"worker: {record['worker_cpu_s']} s of CPU time")
    if options.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
