"""`nnasim sweep-export`: a study's points for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    store: Annotated[Path, typer.Argument(help="a store that `nnasim sweep` or `nnasim search` has filled")],
    out: Annotated[Path, typer.Option(help="a file ending in .csv, .parquet or .journal (Optuna's)")],
    study: Annotated[
        str | None,
        typer.Option(metavar="DIGEST|NAME", help="which study, where the store holds several; default: what ran last"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="replace an existing file")] = False,
) -> None:
    """Write a study's points for other tools; `optuna-dashboard FILE.journal` shows the last kind.

    Example: nnasim sweep-export study.sqlite --out study.csv
    """
    from nnasim.cli.stored_studies import print_choice
    from nnasim.sweep.export import export
    from nnasim.sweep.frames import StoredStudy

    stored = StoredStudy(store, study)
    print_choice(stored)
    export(stored, out, force=force)
    print(f"{out}: {len(stored.points):,} of {stored.total:,} points")
