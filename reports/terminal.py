"""The table that `nnasim compare` prints."""

from __future__ import annotations

from typing import IO

from reports.study import Study
from reports.text import NOT_COMPUTED, number, percent, visible

_TABLE_WIDTH = 100
_CAPTION = "p50, p90, p99: engine latency, from the last audio to the final hypothesis"


def print_table(study: Study, file: IO[str] | None = None) -> None:
    """Word errors, engine latency, hand-offs and real-time factor per system; colours only on a terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=0, caption=_CAPTION, caption_justify="left")
    table.add_column("system", no_wrap=True)
    for heading in ("WER", "95 % interval", "p50 ms", "p90 ms", "p99 ms", "hand-offs", "RTF"):
        table.add_column(heading, justify="right", no_wrap=True)
    for label, cells in rows(study):
        table.add_row(Text(label), *cells)
    # A terminal narrower than the table wraps its lines; a number is never cut.
    width = max(Console(file=file).width, _TABLE_WIDTH)
    Console(file=file, highlight=False, width=width).print(table)


def rows(study: Study) -> list[tuple[str, list[str]]]:
    """(label, cells) per system."""
    found = []
    for label, one in study.figures().items():
        latency = one.engine_latency_ms
        parts = (latency.p50, latency.p90, latency.p99) if latency else (None, None, None)
        interval = NOT_COMPUTED
        if one.wer_ci:
            low, high = one.wer_ci
            interval = f"{100 * low:.1f} to {percent(high, 1)}"
        cells = [percent(one.wer), interval, *map(number, parts), number(one.handoffs), number(one.rtf)]
        found.append((visible(label), cells))
    return found
