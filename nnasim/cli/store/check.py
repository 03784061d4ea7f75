"""`nnasim store check`: the intact rows of a store, and a new store of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.options import Force, Json, Quiet
from nnasim.cli.told import cut_lines, refuse_json, tell_rows
from nnasim.cli.unused import refuse_idle_force

MOST_LINES = 12
DAMAGED = 1


def command(
    store: Annotated[Path, typer.Argument(help="a store that `nnasim sweep` or `nnasim search` has filled")],
    into: Annotated[
        Path | None, typer.Option(metavar="FILE", help="copy everything intact into this new store")
    ] = None,
    json: Json = None,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Check every row of a store; exit code 1 if something is damaged.

    Example: nnasim store check sweep.sqlite --into rescued.sqlite
    """
    from nnasim.sweeps.rescue import MOST_COMPLAINTS, examined, rescued

    refuse_json("store check", json, quiet, force)
    refuse_idle_force("store check", force, json=json)
    findings = examined(store) if into is None else rescued(store, into)
    points, scores, sweeps = (findings.rows[table] for table in ("points", "accuracy", "studies"))
    lines = cut_lines([f"damaged: {line}" for line in findings.complaints], MOST_LINES, count=findings.damaged)
    lines.append(f"{store}: whole are {points:,} points, {scores:,} word error rates and {sweeps:,} studies")
    if into is not None:
        lines.append(f"{into}: holds them")
    whole = {"points": points, "word_error_rates": scores, "studies": sweeps}
    damaged = cut_lines(findings.complaints, MOST_COMPLAINTS, count=findings.damaged)
    tell_rows(lines, {"whole": whole, "damaged": damaged}, json=json, quiet=quiet, force=force)
    if not findings.whole:
        raise typer.Exit(DAMAGED)
