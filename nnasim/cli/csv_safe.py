"""`--csv-safe`: CSV files that a spreadsheet may open. Light, since help shows it."""

from __future__ import annotations

from typing import Annotated

import typer

CsvSafe = Annotated[
    bool,
    typer.Option("--csv-safe", help="in CSV files, an apostrophe before what a spreadsheet takes for a formula"),
]
