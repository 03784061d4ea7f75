"""`nnasim data fsdd`: connected digits from the Free Spoken Digit Dataset."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from nnasim.cli.data.options import CorpusFolder, OutManifest, Seed, Utterances
from nnasim.cli.data.written import refuse_read, write_speech
from nnasim.cli.options import Force, Quiet
from nnasim.errors import InputError


def command(
    folder: CorpusFolder,
    out: OutManifest,
    takes: Annotated[str | None, typer.Option(metavar="A-B", help="only these takes, e.g. 10-49")] = None,
    utterances: Utterances = 300,
    min_digits: Annotated[int, typer.Option(min=1, max=100, help="shortest string")] = 2,
    max_digits: Annotated[int, typer.Option(min=1, max=100, help="longest string")] = 7,
    seed: Seed = 0,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Write connected digits: takes of one speaker of the Free Spoken Digit Dataset, joined with pauses over low noise.

    Audio is written beside the manifest (OUT_audio/), word times to OUT.align.jsonl.

    Example: nnasim data fsdd free-spoken-digit-dataset/recordings --takes 5-9 --utterances 300 --seed 1 --out dev.jsonl
    """
    from aat_training.data.fsdd import digit_strings

    refuse_read(out, folder.glob("*.wav"), force)
    clips = digit_strings(
        folder, utterances, takes=_takes(takes), digits=(min_digits, max_digits), seed=seed
    )  # fmt: skip
    write_speech(out, clips, "fsdd", utterances, quiet=quiet, force=force)


def _takes(text: str | None) -> range | None:
    """The range that a text such as ``10-49`` or ``7`` gives; None for None."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", text)
    if match is None or int(match[2] or match[1]) < int(match[1]):
        raise InputError("fsdd", "--takes", text, "must be a take or a range of them, e.g. 10-49")
    return range(int(match[1]), int(match[2] or match[1]) + 1)
