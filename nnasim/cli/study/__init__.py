"""`nnasim study`: the studies, each a command of its own."""

from __future__ import annotations

import typer

from nnasim.cli.study import aat, delays, numerics

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def _studies() -> None:
    """Make a whole study again from speech and models.

    Example: nnasim study aat --out study
    """


app.command("aat")(aat.command)
app.command("delays")(delays.command)
app.command("numerics")(numerics.command)
