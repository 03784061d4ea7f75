"""The needs of training on 270,000 hours: ``python -m benchmarks.scale [--json FILE]``.

Measures on this machine what a rank does for an utterance beside training (read its line, plan it, compute its
features) and what training itself costs, and works out from that, and from the paper's sizes, epochs, bytes and files.
One process, one thread, CPU time. Every line says whether it was measured, follows from a size, or is assumed.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from aat_training.data.parts import TrainSet
from aat_training.data.shards.layout import read_shards
from aat_training.data.shards.read import features_of_member, members
from aat_training.data.shards.stream import ShardStream
from aat_training.data.shards.survey import ShardSet, look_at, surveyed, tokens_of
from aat_training.data.shards.write import write_shards
from aat_training.model.build import build_model
from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.recipes import commands
from aat_training.trainer import Trainer, be_reproducible, normalisation
from nnasim import files
from workloads.bundled import speech_manifest

HOURS, UTTERANCE_S = 270_000, 10.0  # the paper's corpus; assumed: training utterances are longer than commands
GPU_FLOPS = 10e12  # assumed: float32 that a GPU sustains, about half of an A100's peak
LINK = 25e9  # assumed: bytes a second between two GPUs of different machines
PAPER = {"encoder weights": 38_700_000, "all weights": 56_300_000, "outputs": 4001, "joint units": 512}
FRAME_S, SYMBOLS_A_SECOND = 0.03, 2.5


def cpu_seconds(work: Callable[[], object], least_s: float = 1.0) -> float:
    """CPU time of one ``work``, over as many as last ``least_s``."""
    work()
    count, begun = 0, time.process_time()
    while time.process_time() - begun < least_s:
        work()
        count += 1
    return (time.process_time() - begun) / count


def measured(folder: Path) -> dict[str, float]:
    """The needs of this machine: microseconds per utterance, CPU seconds per hour of speech, bytes per hour."""
    be_reproducible()
    write_shards([speech_manifest()], folder / "shards", 1.0, force=True)
    recipe = commands()
    shards = read_shards(folder / "shards")
    shard_set = ShardSet((shards,), recipe)
    look = look_at(shard_set)
    tokens = tokens_of(recipe, look)
    survey = surveyed(shard_set, tokens)
    stream = ShardStream(shard_set, survey, recipe.float_run.model_copy(update={"curriculum": 0}), tokens, workers=0)
    some, hours = members(shards, 0, recipe.text)[:20], shards.index.shards[0].seconds / 3600
    planned = stream.order.utterances(0)
    return {
        "line_us": 1e6 * cpu_seconds(lambda: look_at(shard_set)) / stream.utterances,
        "plan_us": 1e6 * cpu_seconds(lambda: list(islice(planned, stream.utterances))) / stream.utterances,
        "features_s_an_hour": cpu_seconds(lambda: [features_of_member(member, recipe.features) for member in some])
        / (sum(member.seconds for member in some) / 3600),
        "training_s_an_hour": training_seconds(stream, folder) / (recipe.float_run.batch * hours / stream.utterances),
        "flac_mb_an_hour": shards.index.shards[0].audio_bytes / 1e6 / hours,
        "parameters": sum(p.numel() for p in build_model(recipe, tokens.size, FloatArithmetic()).parameters()),
    }


def training_seconds(stream: TrainSet, folder: Path, steps: int = 6) -> float:
    """CPU time of a step of the recipe ``commands`` in float, features apart."""
    recipe, sample = commands(), stream.sample()
    model = build_model(recipe, 25, FloatArithmetic())
    for buffer, value in zip((model.feature_mean, model.feature_scale), normalisation(sample), strict=True):
        buffer.copy_(value.repeat(recipe.model.stack))
    trainer = Trainer(
        model=model, recipe=recipe, run=recipe.float_run, tokens=None, train=stream, dev=sample[:2], folder=folder,
    )  # type: ignore[arg-type]  # fmt: skip
    batches = list(islice(trainer.steps(), steps))
    trainer.update(iter(batches[:1]))
    begun = time.process_time()
    for batch in batches:
        trainer.update(iter([batch]))
    return (time.process_time() - begun) / steps


def arithmetic(here: dict[str, float]) -> list[tuple[str, str, str]]:
    """(what, how much, from where)."""
    seconds = HOURS * 3600
    utterances = seconds / UTTERANCE_S
    frames, symbols = UTTERANCE_S / FRAME_S, UTTERANCE_S * SYMBOLS_A_SECOND
    encoder = 6 * PAPER["encoder weights"] * frames
    joint = 6 * PAPER["joint units"] * PAPER["outputs"] * frames * symbols
    epoch_s = utterances * (encoder + joint) / GPU_FLOPS
    gradient = 4 * PAPER["all weights"]
    logits = 4 * frames * symbols * PAPER["outputs"]
    rows = [
        ("utterances of an epoch", f"{utterances / 1e6:.0f} million", f"{UTTERANCE_S:g} s each, assumed"),
        ("shards of 10 hours", f"{HOURS / 10:,.0f}, {10 * here['flac_mb_an_hour'] / 1e3:.1f} GB each", "measured FLAC"),
        ("all shards", f"{HOURS * here['flac_mb_an_hour'] / 1e6:.0f} TB", "measured FLAC"),
        ("features, an epoch", _days(HOURS * here["features_s_an_hour"]) + " of a core", "measured"),
        (
            "one look at all lines, at each start",
            f"{utterances * here['line_us'] / 6e7:.0f} min on every rank",
            "measured",
        ),
        ("planning, an epoch", f"{utterances * here['plan_us'] / 3.6e9:.1f} h on every rank", "measured"),
        ("planning, a batch of 2,048", f"{2.048 * here['plan_us']:.0f} ms on every rank", "measured"),
        ("`commands` (1.25 M) here, an epoch", _days(HOURS * here["training_s_an_hour"]) + " of a core", "measured"),
        ("paper's size, floating-point operations", f"{utterances * (encoder + joint):.1e}", "6 a weight and use"),
        ("of which the joint network", f"{100 * joint / (encoder + joint):.0f} %", "frames x symbols x outputs"),
        ("paper's size, gradients a step", f"{gradient / 1e6:.0f} MB", "float32"),
        ("state to resume from", f"{5 * gradient / 1e9:.1f} GB", "model, best, average, two moments"),
        ("logits of one utterance", f"{logits / 1e6:.0f} MB", "float32, and as much again for their gradient"),
    ]
    for gpus in (8, 64, 512):
        step_s = 32 * (encoder + joint) / GPU_FLOPS
        reduce_s = 2 * (gpus - 1) / gpus * gradient / LINK
        rows += [
            (f"{gpus} GPUs, an epoch", _days(epoch_s / gpus * (1 + reduce_s / step_s)), "assumed 10 TFLOP/s"),
            (
                f"{gpus} GPUs, all-reduce beside a step of 32 each",
                f"{1e3 * reduce_s:.0f} of {1e3 * step_s:.0f} ms",
                "25 GB/s, 32 each",
            ),
        ]
    return rows


def _days(seconds: float) -> str:
    return f"{seconds / 86400:.0f} days" if seconds > 2 * 86400 else f"{seconds / 3600:.1f} h"


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, default=Path("scale.json"), help="the file to write")
    target = parser.parse_args().json
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        here = measured(Path(folder))
    for name, value in here.items():
        print(f"{name:<22}{value:>14,.1f}")
    print("\n| what | how much | from |\n|---|---|---|")
    for row in arithmetic(here):
        print("| " + " | ".join(row) + " |")
    files.write_json(target, here, force=True)


if __name__ == "__main__":
    main()
