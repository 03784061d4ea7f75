"""The progress of a command on stderr: a bar on a terminal; in a log file nothing, or a line now and then."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from nnasim.progress import Progress, silent

ItemT = TypeVar("ItemT")

PATIENCE_S = 2.0
LINE_EVERY_S = 30.0


@contextlib.contextmanager
def shown_progress(*, lines: bool = False, patience_s: float = PATIENCE_S) -> Iterator[Progress]:
    """A function that shows progress: bars on a terminal, after ``patience_s`` seconds, which disappear at the end.

    ``lines``: if stderr is not a terminal, print a line every half minute, since a run of hours goes to a log file.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _line_now_and_then() if lines else silent
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bars = Bars(*columns, TextColumn("{task.fields[note]}"), console=console, transient=True)
    tasks, begun = {}, time.monotonic()

    def update(what: str, done: int, total: int | None, note: str = "") -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=total, note=note)
        bars.update(tasks[what], completed=done, note=note)
        if not bars.live.is_started and time.monotonic() - begun > patience_s:
            bars.start()

    try:
        yield update
    finally:
        bars.stop()


def with_progress(
    items: Iterable[ItemT], what: str, total: int | None = None, patience_s: float = PATIENCE_S
) -> Iterator[ItemT]:  # fmt: skip
    """``items`` unchanged, while their number is shown. ``total``: how many there are, if known."""
    with shown_progress(patience_s=patience_s) as progress:
        for done, item in enumerate(items, start=1):
            yield item
            progress(what, done, total)


def _line_now_and_then() -> Progress:
    last = time.monotonic()

    def line(what: str, done: int, total: int | None, note: str = "") -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_EVERY_S:
            last = time.monotonic()
            of_all = "" if total is None else f"/{total}"
            print(f"{what} {done}{of_all} {note}".rstrip(), file=sys.stderr, flush=True)

    return line
