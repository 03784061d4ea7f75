"""Options that several commands share, and the ranges of numbers. Light, since every command loads it.

If a record defines an option's value, the bounds are the record's own; a test compares them.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

MOST_UTTERANCES = 50_000  # what a manifest may hold
MOST_FRAMES = 400_000  # what a trace from a shape may hold in all: frames, and two calls a symbol
MOST_SYMBOLS = (MOST_FRAMES - 1) // 2
MOST_WORKERS = 1024
MOST_TRIALS = 1_000_000  # as many as a sweep may have points
MOST_STEPS = 10_000_000
LEAST_RATE, MOST_RATE = 1e-9, 10.0
MOST_SEED = 1_000_000_000
MOST_DELAY_PENALTY = 1.0  # nats per encoder output
MOST_DISTILLATION = 1000.0
MOST_ROWS = 1_000_000  # of a table that is printed
MOST_PERCENT = 1e6
LONGEST_WAIT_MS = 1e6


def finite(value: float | None) -> float | None:
    """``value``, 0.0 for -0.0. Raises an error for "nan", which compares as neither inside nor outside a range."""
    if value is None:
        return None
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number.")
    return value + 0.0


def out_option(what: str, metavar: str = "FILE") -> Any:
    """The option `--out`: the place where ``what`` is written."""
    return typer.Option("--out", metavar=metavar, help=what)


DEFAULT_PRESET = "edge256"
Preset = Annotated[str, typer.Option("--preset", help="the chip: a preset's name or a YAML file")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="A.B=C", help="change one field of the chip; may be repeated")
]
Force = Annotated[bool, typer.Option("--force", help="replace an existing file or folder of the same name")]
All = Annotated[bool, typer.Option("--all", help="print all of it, not only the first 15 lines")]
Quiet = Annotated[bool, typer.Option("--quiet", help="print only warnings and notes, on stderr")]
Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE|-", help="also write the figures as JSON; -: print only them")
]
Figures = Annotated[
    Path | None, typer.Option("--figures", metavar="DIR", help="also write each figure as a file, into a new folder")
]
FigureFormat = Annotated[
    str | None, typer.Option("--format", metavar="svg|png|pdf", help="the format of --figures; default: svg")
]
OutFolder = Annotated[Path, out_option("the folder to write", "DIR")]
Manifest = Annotated[Path | None, typer.Option("--manifest", help="speech to decode; default: the bundled strings")]
Checkpoints = Annotated[
    Path | None,
    typer.Option("--checkpoints", metavar="DIR", help="folder of trained models; default: the bundled ones"),
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, max=MOST_UTTERANCES, help="only the first N utterances of the manifest")
]
SweepFile = Annotated[Path, typer.Argument(help="a sweep file: base, traces, axes, objectives, how to search")]
StoredStudyName = Annotated[
    str | None,
    typer.Option(
        "--study", metavar="DIGEST|NAME", help="the study, if the store holds several; default: the last one that ran"
    ),
]
FilledStore = Annotated[Path, typer.Argument(help="a store that `nnasim sweep` or `nnasim search` has filled")]
Jobs = Annotated[
    int | None, typer.Option("--jobs", min=1, max=MOST_WORKERS, help="worker processes; default: one per core")
]
Scheduler = Annotated[str | None, typer.Option("--scheduler", metavar="ADDRESS", help="run on the Dask cluster there")]
DaskLocal = Annotated[
    int | None, typer.Option("--dask-local", min=1, max=MOST_WORKERS, help="start a Dask cluster of N workers here")
]
