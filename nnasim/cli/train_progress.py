"""Progress of a training run: a bar on a terminal, a line now and then in a log file."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

LINE_EVERY_S = 30.0


@contextlib.contextmanager
def training_progress() -> Iterator[Callable[[str, int, int, str], None]]:
    """Yields ``progress(what, done, total, note)``."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=console, transient=True) as bars:
        tasks: dict[str, int] = {}

        def update(what: str, done: int, total: int, note: str) -> None:
            if what not in tasks:
                tasks[what] = int(bars.add_task(what, total=total, note=note))
            bars.update(tasks[what], completed=done, note=note)  # type: ignore[arg-type]

        yield update


def _lines() -> Callable[[str, int, int, str], None]:
    last = time.monotonic()

    def line(what: str, done: int, total: int, note: str) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_EVERY_S:
            last = time.monotonic()
            print(f"{what} {done}/{total} {note}".rstrip(), file=sys.stderr, flush=True)

    return line
