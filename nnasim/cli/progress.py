"""A progress bar on stderr for what takes over two seconds; shorter work stays silent."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

ItemT = TypeVar("ItemT")

PATIENCE_S = 2.0


def with_progress(
    items: Iterable[ItemT], what: str, total: int | None = None, patience_s: float = PATIENCE_S
) -> Iterator[ItemT]:
    """``items`` unchanged; the bar appears when they have taken ``patience_s`` seconds, and leaves no trace.

    ``total``: how many there are, where known. Nothing is drawn when stderr is not a terminal.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task(what, total=total)
    begun = time.monotonic()
    try:
        for item in items:
            yield item
            bar.advance(task)
            if not bar.live.is_started and time.monotonic() - begun > patience_s:
                bar.start()
    finally:
        bar.stop()
