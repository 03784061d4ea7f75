"""`nnasim store`: check and repair a sweep's store."""

from __future__ import annotations

import typer

from nnasim.cli.store import check

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def _stores() -> None:
    """Check and repair a store that sweeps and searches have filled.

    Example: nnasim store check sweep.sqlite --into rescued.sqlite
    """


app.command("check")(check.command)
