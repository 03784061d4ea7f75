"""The output of `nnasim sweep`: the work done, the best points, and the bottlenecks of the others."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from nnasim.allowed import number_text
from nnasim.analysis.percentiles import PERCENTILES
from nnasim.markup import MOST_COLUMNS, visible
from reports.naming import PART_NAMES
from reports.text import number, shortened

if TYPE_CHECKING:
    from nnasim.sweeps.frames import StoredSweep
    from nnasim.sweeps.job import Job
    from nnasim.sweeps.run import Tally

MOST_BEST, MOST_READ = 2, 100_000
LATENCIES = tuple(f"engine_latency_ms.p{percent}" for percent in PERCENTILES)
OTHERS = {"rtf": "RTF", "energy_mj": "energy [mJ]", "wer": "WER"}
SHOWN = (*LATENCIES, *OTHERS)


def sweep_lines(store: Path, tally: Tally, job: Job) -> Iterator[str]:
    """Lines on a sweep: the work done, the best point of each objective, and the bottlenecks of the others."""
    new = tally.ok + tally.failed
    counts = f"{tally.done:,} of {tally.total:,} points, {tally.stored:,} were there, {new:,} computed"
    yield from _of_store(visible(str(store)), counts)
    if new:
        rate = f"{new / tally.seconds:.1f} a second, " if tally.seconds > 0 else ""
        yield _line("speed", f"{rate}{tally.cpu_seconds / new:.3f} s of CPU each")
    if tally.failed:
        yield _line("failed", f"{tally.failed:,}: column `message` of sweep-export says why")
    if tally.fell_back:
        kinds = "ran on the CPU what their chip has no unit for: column `fallback` of sweep-export"
        yield _line("fell back", f"{tally.fell_back:,} {kinds}")
    if tally.total > MOST_READ:
        yield "sweep-report shows what came out"
        return
    yield from _found(store, job)


def _found(store: Path, job: Job) -> Iterator[str]:
    """The best stored points, figure by figure."""
    from nnasim.sweeps.frames import StoredSweep
    from nnasim.sweeps.objectives import BOTTLENECK
    from nnasim.sweeps.run import sweep_digest
    from nnasim.sweeps.sensitivity import pareto

    stored = StoredSweep(store, sweep_digest(job))
    if stored.good.empty:
        return
    names = [str(name) for name in stored.good.columns]
    points: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in stored.good.to_numpy()]
    best: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for name in job.spec.objectives:
        known = [point for point in points if isinstance(point[name], float | int) and not math.isnan(point[name])]
        if known:
            point = min(known, key=lambda point: float(point[name]))
            best.setdefault(point["key"], (point, []))[1].append(name)
    for point, won in list(best.values())[:MOST_BEST]:
        yield from _wrapped(f"{'best':<11} {', '.join(won[:3])}: {_axes(stored, point)}")
        yield from _wrapped(f"{'':<11} {_figures(point)}")
    if len(job.spec.objectives) > 1:
        yield _line("front", f"{len(pareto(stored)):,} that no other point beats in every objective")
    if BOTTLENECK in stored.good:
        parts = stored.good[BOTTLENECK].value_counts()
        yield from _wrapped(
            f"{'bottleneck':<11} {', '.join(f'{PART_NAMES.get(str(part), part)} {n:,}' for part, n in parts.items())}"
        )


def _axes(stored: StoredSweep, point: dict[str, Any]) -> str:
    return shortened(" ".join(f"{axis}={_text(point[axis])}" for axis in stored.axes), 130)


def _text(value: Any) -> str:
    return number_text(value) if isinstance(value, float) else str(value)


def _figures(point: dict[str, Any]) -> str:
    """The further figures of a point that readers ask for first, if the store has them."""
    known = {name: float(point[name]) for name in SHOWN if isinstance(point.get(name), float | int)}
    times = [number(known[name]) for name in LATENCIES if name in known]
    latency = " / ".join(times if len(set(times)) > 1 else times[:1])
    ranks = "p50 / p90 / p99 " if len(set(times)) > 1 else ""
    rest = [f"{what} {number(known[name])}" for name, what in OTHERS.items() if name in known]
    return ", ".join([*([f"engine latency {ranks}{latency} ms"] if times else []), *rest])


def _line(name: str, text: str) -> str:
    return f"{name:<11} {text}".rstrip()


def _of_store(store: str, counts: str) -> list[str]:
    """Lines that name the store: one if there is room, else its whole path on a line of its own, to be copied."""
    line = f"{store}: {counts}"
    return [line] if cell_len(line) <= MOST_COLUMNS else [f"{store}:", f"{'':<11} {counts}"]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(visible(text), MOST_COLUMNS, subsequent_indent=" " * 12, break_on_hyphens=False)
