"""Resident memory while much goes by: it must not grow with how much.

python -m tests.proof.run_memory sweep --points 100000     the sweep's own loop and its store; figures cost nothing
python -m tests.proof.run_memory evaluate --hours 24       decoding of noise with cheap features and a tiny model

Training on shards is measured by `python -m benchmarks.streaming --hours 24`. A line for each
tenth of the way says how far it is, and MB.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.streaming import SECONDS, cheap_recipe, make_manifest, resident_mb
from nnasim.sweeps.evaluate import Outcome
from nnasim.sweeps.local import InlineBackend
from nnasim.sweeps.run import Batch
from tests.proof.run_sweep_proof import write_study


class MadeUp(InlineBackend):
    """Answers each point at once, and writes down memory at each tenth of them."""

    def __init__(self, points: int) -> None:
        self.points, self.done = points, 0

    def run(self, payload: str, batches: Iterator[Batch]) -> Iterator[list[Outcome]]:
        for batch in batches:
            yield [Outcome(key, values, {"rtf": 0.5}, None, 0.01) for key, values in batch]
            before, self.done = self.done, self.done + len(batch)
            if 10 * before // self.points < 10 * self.done // self.points:
                tell(f"{self.done:,} points")


def tell(what: str) -> None:
    """Print what this process holds now."""
    print(f"{what}: {resident_mb(os.getpid()):.0f} MB", flush=True)


def sweep(folder: Path, points: int) -> None:
    """Sweep over ``points`` points, then go on with the full store."""
    from nnasim.studies.sweep import prepared, swept

    study = prepared(write_study(folder, 100, points // 100))
    tell("before")
    for _ in range(2):
        swept(study, folder / "s.sqlite", MadeUp(points))
        tell("after")


def evaluate(folder: Path, hours: int) -> None:
    """Train a tiny model for a step, then decode ``hours`` of noise utterance by utterance."""
    from aat_training.data.manifest import read_manifest
    from aat_training.evaluate import hypotheses_of
    from aat_training.run_spec import RunSpec
    from aat_training.systems import load_system
    from aat_training.train import train
    from nnasim.hardware import load_preset

    utterances = hours * 3600 // SECONDS
    manifest, recipe = make_manifest(folder, utterances), cheap_recipe(64)
    spec = RunSpec(recipe=recipe, run=recipe.float_run, train=(folder / "dev.jsonl",), dev=folder / "dev.jsonl")
    (folder / "model").mkdir()
    train(spec, folder / "model", resume=False)
    numerics = load_preset("edge256").numerics
    loaded, model, _ = load_system(folder / "model", "float", numerics, "mse")

    def progress(what: str, done: int, total: int | None, note: str = "") -> None:
        if total and done % max(1, total // 10) == 0:
            tell(f"{done * SECONDS / 3600:.1f} hours")

    tell("before")
    hypotheses_of(model, loaded, read_manifest(manifest), "float", progress)


def main() -> None:
    """Measure one of them in a folder that is removed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["sweep", "evaluate"])
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--hours", type=int, default=24)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.what == "sweep":
            sweep(Path(folder), options.points)
        else:
            evaluate(Path(folder), options.hours)


if __name__ == "__main__":
    main()
