"""Live progress of a sweep: points, rate and time left, on a terminal's stderr; nothing where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nnasim.sweep.run import Progress

REDRAW_SECONDS = 0.2


@contextmanager
def sweep_progress() -> Iterator[Callable[[Progress], None]]:
    """A function to call with every change; the line is cleared at the end."""
    begun = drawn = time.monotonic()

    def show(progress: Progress) -> None:
        nonlocal drawn
        now = time.monotonic()
        if sys.stderr.isatty() and now - drawn > REDRAW_SECONDS:
            drawn = now
            sys.stderr.write(f"\r\x1b[K{line(progress, now - begun)}")
            sys.stderr.flush()

    try:
        yield show
    finally:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")


def line(progress: Progress, seconds: float) -> str:
    """``progress`` after ``seconds`` of work, in one line."""
    new = progress.ok + progress.failed
    rate = new / seconds if seconds > 0 else 0.0
    left = clock((progress.total - progress.done) / rate) if rate else "?"
    failed = f", {progress.failed:,} failed" if progress.failed else ""
    return f"{progress.done:,} of {progress.total:,} points{failed}, {rate:.1f} a second, {left} left"


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
