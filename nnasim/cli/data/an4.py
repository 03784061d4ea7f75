"""`nnasim data an4`: CMU AN4 as Sphinx cepstra."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from nnasim.cli.data.options import CorpusFolder, OutManifest
from nnasim.cli.data.written import refuse_read, write_entries
from nnasim.cli.options import Force, Quiet
from nnasim.errors import InputError


def command(
    folder: CorpusFolder,
    out: OutManifest,
    split: Annotated[Literal["train", "dev", "test"] | None, typer.Option(help="read SPLIT.tsv of the folder")] = None,
    list_file: Annotated[
        Path | None, typer.Option("--list", help="read this list (columns path, speaker, text)")
    ] = None,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Write a manifest of the utterances of CMU AN4 (as Sphinx cepstra) that a list names.

    Example: nnasim data an4 an4 --split dev --out an4-dev.jsonl
    """
    from aat_training.data.an4 import an4_entries, the_list

    if split is not None and list_file is not None:
        raise InputError("an4", "--list", list_file, "cannot be given together with --split")
    names = the_list(folder, split, list_file)
    refuse_read(out, [names], force)
    write_entries(out, an4_entries(folder, names), quiet=quiet, force=force)
