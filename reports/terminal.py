"""What `nnasim compare` and `nnasim simulate` print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO

from nnasim.analysis.pooled import engine_latencies_ms, frame_latencies_ms, real_time_factor
from nnasim.ir.result import SimResult
from nnasim.markup import visible
from nnasim.sweeps.objectives import busy_shares
from reports.claim import claim_sentence
from reports.gain import gain_sentences
from reports.naming import PART_NAMES
from reports.notes import notes, result_notes
from reports.result_set import ResultSet
from reports.summarise import dram_share, mac_utilisation, percentiles
from reports.summary import Percentiles, SystemFigures
from reports.text import NOT_COMPUTED, number, percent, shortened

_TABLE_WIDTH = 110
_ENGINE = "ms: engine latency, from the last audio to the final hypothesis.\n"
_LAST_OPERATION = "ms: engine latency, from the last audio to the end of the last operation.\n"
_COSTLIEST = 3
_CAPTION = "MAC, DRAM: used of the array's and of the memory's peak rate while anything worked."


def print_table(result_set: ResultSet, file: IO[str] | None = None) -> None:
    """Word errors, engine latency, hand-offs, rates and use per system; what was won; what to know.

    Colours only on a terminal.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    caption = (_ENGINE if result_set.hears_words else _LAST_OPERATION) + _CAPTION
    table = Table(box=box.SIMPLE_HEAD, padding=0, caption=caption, caption_justify="left")
    table.add_column("system", overflow="fold")  # a long label takes several lines, so that no number is cut
    labelled = rows(result_set)
    for place, heading in enumerate(headings(result_set)):
        if any(cells[place] != NOT_COMPUTED for _, cells in labelled):
            table.add_column(heading, justify="right", no_wrap=True)
    for label, cells in labelled:
        kept = [cell for place, cell in enumerate(cells) if any(other[place] != NOT_COMPUTED for _, other in labelled)]
        table.add_row(Text(label), *kept)
    # A terminal narrower than the table wraps its lines; a number is never cut.
    width = max(Console(file=file).width, _TABLE_WIDTH)
    console = Console(file=file, highlight=False, width=width)
    if result_set.summary is not None and (claim := claim_sentence(result_set.summary)):
        console.print(Text(claim), soft_wrap=True)
    console.print(table)
    for line in sentences(result_set):
        console.print(Text(visible(line)), soft_wrap=True)


def sentences(result_set: ResultSet) -> list[str]:
    """What aat wins, and what must be known about the results."""
    gained = gain_sentences(result_set.summary.gain) if result_set.summary else []
    return [*gained, *notes(result_set.results)]


def headings(result_set: ResultSet) -> list[str]:
    """What stands above the cells of ``rows``."""
    latency = ("ms",) if result_set.single_utterance else ("mean ms", "p50 ms", "p90 ms", "p99 ms")
    words = ("WER", "95 % interval") if result_set.hears_words else ()
    return [*words, *latency, "hand-offs", "RTF", "MAC", "DRAM"]


def rows(result_set: ResultSet) -> list[tuple[str, list[str]]]:
    """(label, cells) per system."""
    single, words = result_set.single_utterance, result_set.hears_words
    return [
        (visible(label), [*(_words(figures) if words else ()), *_costs(figures, single)])
        for label, figures in result_set.figures().items()
    ]


def _words(figures: SystemFigures) -> tuple[str, str]:
    if not figures.wer_ci:
        return percent(figures.wer), NOT_COMPUTED
    low, high = figures.wer_ci
    return percent(figures.wer), f"{100 * low:.1f} to {percent(high, 1)}"


def _costs(figures: SystemFigures, single: bool) -> list[str]:
    uses = (percent(figures.mac_utilisation, 1), percent(figures.dram_share, 1))
    latency = _latency(figures.engine_latency_ms, single)
    return [*map(number, latency), number(figures.handoffs), number(figures.rtf), *uses]


def _latency(at: Percentiles | None, single: bool) -> tuple[float | None, ...]:
    if at is None:
        return (None,) if single else (None,) * 4
    return (at.p50,) if single else (at.mean, at.p50, at.p90, at.p99)


def frame_latency(result: SimResult) -> str:
    """How late each answer of a model is that answers frame by frame."""
    times = percentiles(frame_latencies_ms(result))
    if times is None:
        return "frame latency not known"
    return f"frame latency p50 {number(times.p50)} ms, p99 {number(times.p99)} ms"


def result_lines(result: SimResult) -> Iterator[str]:
    """One simulation in a few lines: size, latency, how much of the chip was used, and what must be known."""
    ms = result.totals.cycles * 1e3 / result.clock_hz
    count = len(result.utterances)
    yield (
        f"{result.system} on {result.preset}, {count} utterance{'s' if count != 1 else ''}, "
        f"{result.totals.cycles:,} cycles ({ms:,.1f} ms), {result.totals.handoffs:,} hand-offs"
    )
    if result.imported:
        yield f"  {visible(result.imported.name)}: {frame_latency(result)}"
    yield from (f"  {name:<17} {text}" for name, text in _summary(result))
    for line in result_notes(result.system, result):
        yield f"  {visible(line)}"


def _summary(result: SimResult) -> Iterator[tuple[str, str]]:
    """What a run is asked first, each in a few words: how late, how busy, with what, for how much."""
    if frames := frame_latencies_ms(result):
        yield "frame latency", _in_ms(frames)
    yield "engine latency", _in_ms(engine_latencies_ms(result))
    yield "real-time factor", number(real_time_factor(result))
    shares = busy_shares([result])
    busiest = max(shares, key=lambda part: shares[part])
    yield "bottleneck", f"{PART_NAMES[busiest]}, at work {percent(shares[busiest], 0)} of the processing time"
    array, memory = percent(mac_utilisation(result), 1), percent(dram_share(result), 1)
    yield "used", f"MAC array {array}, DRAM {memory} of the peak in that time"
    if energy := (result.extra.energy_mj or {}).get("total"):
        low, nominal, high = map(number, energy)
        yield "energy", f"{nominal} mJ ({low} to {high})"
    if costly := _costliest(result):
        yield "costliest", costly


def _in_ms(times: Sequence[float]) -> str:
    """Percentiles of several times, in milliseconds; of one it is the time."""
    at = percentiles(times)
    if at is None or len(times) == 1:
        return f"{number(times[0] if times else None)} ms"
    return f"p50 {number(at.p50)}, p90 {number(at.p90)}, p99 {number(at.p99)} ms"


def _costliest(result: SimResult) -> str:
    """The operations whose block worked on them, or waited for them, longest, each with its share of that of all."""
    costs = sorted(((op.cycles + op.stall_cycles, op.op) for op in result.ops), key=lambda cost: -cost[0])
    total = sum(cycles for cycles, _ in costs) or 1
    return visible(", ".join(f"{shortened(op, 16)} {percent(cycles / total, 0)}" for cycles, op in costs[:_COSTLIEST]))
