"""`nnasim sweep-report`: a study's points as one offline page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    store: Annotated[Path, typer.Argument(help="a store that `nnasim sweep` or `nnasim search` has filled")],
    out: Annotated[Path, typer.Option(help="the HTML file to write")],
    study: Annotated[
        str | None,
        typer.Option(metavar="DIGEST|NAME", help="which study, where the store holds several; default: what ran last"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="replace an existing file")] = False,
) -> None:
    """Pareto front, parallel coordinates, tornado, Sobol indices and bottleneck map of a study.

    Example: nnasim sweep-report study.sqlite --out study.html
    """
    from nnasim import files
    from nnasim.cli.stored_studies import print_choice
    from nnasim.sweep.frames import StoredStudy
    from reports.sweep_page import write_sweep_page

    files.refuse_existing(out, force)
    stored = StoredStudy(store, study)
    print_choice(stored)
    write_sweep_page(out, stored, force=force)
    print(f"{out}: {len(stored.good):,} of {stored.total:,} points of study {stored.digest}")
