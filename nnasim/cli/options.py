"""Ranges of numeric options, as their help states them; light, since every command loads it.

Where a record stands behind an option its bounds are the record's own; a test holds them together.
"""

from __future__ import annotations

import math

import typer

MOST_UTTERANCES = 50_000  # what a manifest may hold
MOST_FRAMES = 400_000  # what a trace from a shape may hold in all: frames, and two invocations a symbol
MOST_SYMBOLS = (MOST_FRAMES - 1) // 2
MOST_WORKERS = 1024
MOST_TRIALS = 1_000_000  # as many as a study may have points
MOST_STEPS = 10_000_000
LEAST_RATE, MOST_RATE = 1e-9, 10.0
MOST_SEED = 1_000_000_000
MOST_ROWS = 1_000_000  # of a table that is printed
MOST_PERCENT = 1e6
LONGEST_WAIT_MS = 1e6


def finite(value: float | None) -> float | None:
    """``value``; refused where it is "nan", which lies in no range and is outside of none."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number.")
    return value
