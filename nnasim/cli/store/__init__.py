"""`nnasim store`: look after a sweep's store."""

from __future__ import annotations

import typer

from nnasim.cli.store import check

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def _stores() -> None:
    """Look after a store that sweeps and searches have filled.

    Example: nnasim store check sweep.sqlite --into rescued.sqlite
    """


app.command("check")(check.command)
