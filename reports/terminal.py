"""The table that `nnasim compare` prints."""

from __future__ import annotations

from typing import IO

from reports.study import Study
from reports.text import NOT_COMPUTED, number, percent, visible


def print_table(study: Study, file: IO[str] | None = None) -> None:
    """Word errors, engine latency, hand-offs and real-time factor per system; colours only on a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(caption="engine latency: from an utterance's last audio to its final hypothesis")
    table.add_column("system")
    for heading in ("WER", "95 % interval", "p50 [ms]", "p90 [ms]", "p99 [ms]", "hand-offs", "RTF"):
        table.add_column(heading, justify="right", no_wrap=True)
    for label, cells in rows(study):
        table.add_row(Text(label), *cells)
    Console(file=file, highlight=False, soft_wrap=False).print(table)


def rows(study: Study) -> list[tuple[str, list[str]]]:
    """(label, cells) per system."""
    found = []
    for label, one in study.figures().items():
        latency = one.engine_latency_ms
        parts = (latency.p50, latency.p90, latency.p99) if latency else (None, None, None)
        low, high = one.wer_ci or (None, None)
        interval = NOT_COMPUTED if low is None else f"{percent(low)} to {percent(high)}"
        cells = [percent(one.wer), interval, *map(number, parts), number(one.handoffs), number(one.rtf)]
        found.append((visible(label), cells))
    return found
