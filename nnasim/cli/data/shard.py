"""`nnasim data shard`: shards made from manifests, to train on as a stream."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.options import Force, OutFolder, Quiet, finite
from nnasim.cli.progress import shown_progress
from nnasim.cli.told import say
from nnasim.markup import counted

LEAST_HOURS, MOST_HOURS = 0.0001, 1000.0


def command(
    manifests: Annotated[
        list[Path], typer.Argument(metavar="MANIFEST...", help="manifests to put into shards, in this order")
    ],
    out: OutFolder,
    hours_per_shard: Annotated[
        float,
        typer.Option(min=LEAST_HOURS, max=MOST_HOURS, callback=finite, help="hours of speech in a shard"),
    ] = 1.0,
    resume: Annotated[bool, typer.Option("--resume", help="continue a folder that was not finished")] = False,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Write speech as shards, which `nnasim train --train DIR` reads as a stream: tars of audio, each with a manifest.

    The files are those of NeMo's tarred data sets. A whole audio file is copied as it is; a segment of one is stored
    without loss.

    Example: nnasim data shard train-a.jsonl train-b.jsonl --hours-per-shard 1 --out shards
    """
    from aat_training.data.shards.write import write_shards
    from nnasim.cli.inputs import look_for
    from nnasim.cli.unused import refuse_unused

    if resume:
        refuse_unused("shard", "with --resume", force=force)
    look_for(*manifests)
    with shown_progress(lines=True) as progress:
        index = write_shards(manifests, out, hours_per_shard, resume=resume, force=force, progress=progress)
    utterances = sum(shard.utterances for shard in index.shards)
    hours = sum(shard.seconds for shard in index.shards) / 3600
    if not quiet:
        say([f"{out}: {counted(len(index.shards), 'shard')}, {counted(utterances, 'utterance')}, {hours:.2f} hours"])
