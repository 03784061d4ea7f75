"""Options that several commands of `nnasim data` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.options import MOST_SEED, MOST_UTTERANCES, out_option

CorpusFolder = Annotated[Path, typer.Argument(metavar="DIR", help="the corpus's folder")]
OutManifest = Annotated[Path, out_option("the manifest to write, e.g. train.jsonl")]
Utterances = Annotated[int, typer.Option(min=1, max=MOST_UTTERANCES, help="how many utterances to make")]
Seed = Annotated[int, typer.Option(min=0, max=MOST_SEED, help="the seed of everything random")]
