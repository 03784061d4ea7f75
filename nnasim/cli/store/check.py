"""`nnasim store check`: the intact rows of a store, and a new store of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

MOST_LINES = 20
DAMAGED = 1


def command(
    store: Annotated[Path, typer.Argument(help="a store that `nnasim sweep` or `nnasim search` has filled")],
    into: Annotated[
        Path | None, typer.Option(metavar="FILE", help="copy everything intact into this new store")
    ] = None,
) -> None:
    """Check every row of a store; exit code 1 if something is damaged.

    Example: nnasim store check sweep.sqlite --into rescued.sqlite
    """
    from nnasim.sweeps.rescue import examined, rescued

    findings = examined(store)
    for line in findings.complaints[:MOST_LINES]:
        print(f"damaged: {line}")
    if len(findings.complaints) > MOST_LINES:
        print(f"damaged: and {len(findings.complaints) - MOST_LINES:,} more")
    points, scores, sweeps = (len(findings.rows[table]) for table in ("points", "accuracy", "studies"))
    print(f"{store}: whole are {points:,} points, {scores:,} word error rates and {sweeps:,} studies")
    if into is not None:
        rescued(findings, into)
        print(f"{into}: holds them")
    if not findings.whole:
        raise typer.Exit(DAMAGED)
