"""`nnasim data synth`: speech synthesised by eSpeak NG."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from nnasim.cli.data.options import OutManifest, Seed, Utterances
from nnasim.cli.data.written import write_speech
from nnasim.cli.options import Force, Quiet


def command(
    out: OutManifest,
    voices: Annotated[Literal["train", "test"], typer.Option(help="the group of voices; the two groups share none")],
    kind: Annotated[Literal["digits", "commands"], typer.Option(help="the kind of text that is spoken")] = "digits",
    utterances: Utterances = 300,
    min_digits: Annotated[
        int | None, typer.Option(min=1, max=100, help="shortest string of digits; default: 2")
    ] = None,
    max_digits: Annotated[int | None, typer.Option(min=1, max=100, help="longest string of digits; default: 7")] = None,
    sample_rate: Annotated[Literal["8000", "16000"], typer.Option(help="samples per second")] = "8000",
    seed: Seed = 0,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Write speech synthesised by eSpeak NG: voice, rate, pitch, pauses and level vary with the seed.

    Audio is written beside the manifest (OUT_audio/), word times to OUT.align.jsonl.

    Example: nnasim data synth --voices train --utterances 1000 --seed 1 --out synth.jsonl
    """
    from aat_training.data.synth import synthesised
    from nnasim.cli.unused import refuse_unused

    if kind != "digits":
        refuse_unused("synth", f"with --kind {kind}", min_digits=min_digits, max_digits=max_digits)
    clips = synthesised(
        utterances, group=voices, kind=kind, digits=(min_digits or 2, max_digits or 7), rate=int(sample_rate), seed=seed
    )  # fmt: skip
    write_speech(out, clips, "synth", utterances, quiet=quiet, force=force)
