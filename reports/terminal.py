"""The output of `nnasim compare` and `nnasim simulate` on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.cells import cell_len

from nnasim.analysis.pooled import engine_latencies_ms, frame_latencies_ms, real_time_factor
from nnasim.ir.explanation import CAUSES
from nnasim.ir.result import SimResult
from nnasim.markup import MOST_COLUMNS, counted, visible
from nnasim.sweeps.objectives import busy_shares
from reports.claim import claim_sentence
from reports.gain import gain_in_brief, gain_sentences, recovery_sentences
from reports.naming import PART_NAMES
from reports.notes import notes, result_notes
from reports.result_set import ResultSet
from reports.summarise import dram_share, mac_utilisation, percentiles
from reports.summary import Percentiles, SystemFigures
from reports.text import NOT_COMPUTED, number, percent, shortened

MOST_LINES = 15  # of a summary: what a reader takes in at once
_SPARE_LINES = 5  # below a table that is cut: what it costs, and where the rest is
_LONGEST_LABEL = 30
_GAP = " "
_LATENCY = "ms: engine latency, from the last audio to the end of the last operation."
_USE = "MAC, DRAM: used of their peak rates while anything worked."
_FIRST_TO_GO = ("hand-offs", "mean ms")  # of a table that is too wide; then columns at its end
_COSTLIEST = 3
_FEW = 2  # results whose energies have their ranges beside them


def comparison_lines(result_set: ResultSet, page: Path, width: int = MOST_COLUMNS) -> list[str]:
    """Several results in at most 15 lines: word errors, latencies and use of each, energy, costliest operations.

    Lines for which there is no room are on ``page``.
    """
    labels = [shortened(label, _LONGEST_LABEL) for label in result_set.results]
    named = dict(zip(labels, result_set.results.values(), strict=True))
    table = _table(result_set, width)
    claim = claim_sentence(result_set.summary) if result_set.summary else None
    gained = list(recovery_sentences(result_set.summary.gain)) if result_set.summary else []
    above = [_wrapped(claim, width)] if claim else []
    below = [
        _wrapped(gain_in_brief(result_set.summary.gain), width) if result_set.summary else [],
        _energies(named, width),
        _waits_for(named, width),
        _costliest_of(named, width),
        *(_wrapped(line, width) for line in gained),
        [*_wrapped(_LATENCY, width), *_wrapped(_USE, width)],
    ]
    room = MOST_LINES - len(table) - 1
    above, below = _that_fit(above, room), _that_fit(below, room - sum(map(len, _that_fit(above, room))))
    return [line for part in (*above, table, *below, [f"open {page}"]) for line in part]


def _that_fit(parts: Sequence[list[str]], room: int) -> list[list[str]]:
    """Those of ``parts``, the most important first, for which there is ``room``, in lines."""
    kept = list[list[str]]()
    for part in parts:
        if part and len(part) <= room:
            kept.append(part)
            room -= len(part)
    return kept


def _table(result_set: ResultSet, width: int) -> list[str]:
    """Headings and a row for each result, as many as there is room for; columns that say nothing are left out.

    Where they are wider than ``width`` columns go, since a number is never cut.
    """
    labelled = [(shortened(label, _LONGEST_LABEL), cells) for label, cells in rows(result_set)]
    most = MOST_LINES - 1 - _SPARE_LINES
    shown_rows = labelled if len(labelled) <= most else labelled[: most - 1]
    columns = [["system", *(label for label, _ in shown_rows)]]
    for place, heading in enumerate(headings(result_set)):
        column = [heading, *(cells[place] for _, cells in shown_rows)]
        if any(cell != NOT_COMPUTED for cell in column[1:]):
            columns.append(column)
    columns = _narrowed(columns, width)
    widths = _widths(columns)
    lines = [_row(cells, widths) for cells in zip(*columns, strict=True)]
    more = len(labelled) - len(shown_rows)
    return [*lines, f"and {more:,} more on the page"] if more else lines


def _narrowed(table: list[list[str]], width: int) -> list[list[str]]:
    """The columns that ``width`` has room for; the first two always."""
    for name in (*_FIRST_TO_GO, *(column[0] for column in table[:1:-1])):
        if sum(_widths(table)) + len(_GAP) * (len(table) - 1) <= width:
            break
        table = [column for place, column in enumerate(table) if place < 2 or column[0] != name]
    return table


def _widths(table: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in table]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """One line: the first cell at the left, numbers at the right."""
    first, *numbers = cells
    padded = first + " " * (widths[0] - cell_len(first))
    return _GAP.join([padded, *(cell.rjust(size) for cell, size in zip(numbers, widths[1:], strict=True))]).rstrip()


def _listed(name: str, values: Mapping[str, str | None], width: int) -> list[str]:
    """``name`` and the value of each label; one value if all share it, empty if there is none."""
    known = {label: value for label, value in values.items() if value is not None}
    alike = len(known) == len(values) and len(set(known.values())) == 1
    text = next(iter(known.values())) if alike else ", ".join(f"{label} {value}" for label, value in known.items())
    return _wrapped(f"{name:<12} {text}", width, indent=13) if known else []


def _energies(results: Mapping[str, SimResult], width: int) -> list[str]:
    """Nominal energy and range of each result; of many the nominal ones, row by row, and the range of the last."""
    energies = {label: _energy(result) for label, result in results.items()}
    if len(results) <= _FEW or None in energies.values():
        return _listed("energy [mJ]", energies, width)
    texts = [str(text).partition(" ")[0] for text in energies.values()]
    _, _, spread = str(list(energies.values())[-1]).partition(" ")
    return _wrapped(f"{'energy [mJ]':<12} {', '.join(texts)} {spread}, row by row", width, indent=13)


def _waits_for(results: Mapping[str, SimResult], width: int) -> list[str]:
    """The longest wait of each result, those of one cause together; where it is not known, the part at work most."""
    owners: dict[str, list[str]] = {}
    for label, result in results.items():
        path = result.explanation and result.explanation.path
        owners.setdefault(CAUSES[path.bottleneck] if path else _bottleneck(result), []).append(label)
    if len(owners) == 1:
        return _wrapped(f"{'bottleneck':<12} {next(iter(owners))}", width, indent=13)
    text = "; ".join(f"{', '.join(labels)}: {cause}" for cause, labels in owners.items())
    return _wrapped(f"{'bottleneck':<12} {text}", width, indent=13)


def _costliest_of(results: Mapping[str, SimResult], width: int) -> list[str]:
    """The costliest operations of the last result, which is what the others are compared with."""
    label, result = list(results.items())[-1]
    costly, of = _costliest(result), f"{label}: " if len(results) > 1 else ""
    return _wrapped(f"{'costliest':<12} {of}{costly}", width, indent=13) if costly else []


def _wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    """``text``, visible, as lines of ``width`` columns."""
    return textwrap.wrap(visible(text), width, subsequent_indent=" " * indent, break_on_hyphens=False)


def sentences(result_set: ResultSet) -> list[str]:
    """Sentences on the gains of aat, and the notes on the results."""
    gained = gain_sentences(result_set.summary.gain) if result_set.summary else []
    return [*gained, *notes(result_set.results)]


def headings(result_set: ResultSet) -> list[str]:
    """The headings above the cells of ``rows``."""
    latency = ("ms",) if result_set.single_utterance else ("mean ms", "p50 ms", "p90 ms", "p99 ms")
    words = ("WER", "95 % interval") if result_set.has_words else ()
    return [*words, *latency, "hand-offs", "RTF", "MAC", "DRAM"]


def rows(result_set: ResultSet) -> list[tuple[str, list[str]]]:
    """(label, cells) per system."""
    single, words = result_set.single_utterance, result_set.has_words
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
    """The lateness of the answers of a model that answers frame by frame."""
    times = percentiles(frame_latencies_ms(result))
    if times is None:
        return "frame latency not known"
    return f"frame latency p50 {number(times.p50)} ms, p99 {number(times.p99)} ms"


def result_lines(result: SimResult) -> Iterator[str]:
    """One simulation in a few lines: size, latency, how much of the chip was used, and what must be known."""
    ms = result.totals.cycles * 1e3 / result.clock_hz
    count = len(result.utterances)
    yield (
        f"{result.system} on {result.preset}, {counted(count, 'utterance')}, "
        f"{counted(result.totals.cycles, 'cycle')} ({ms:,.1f} ms), {counted(result.totals.handoffs, 'hand-off')}"
    )
    if result.imported:
        yield f"  {visible(result.imported.name)}: {frame_latency(result)}"
    yield from (f"  {name:<17} {text}" for name, text in _summary(result))
    for line in result_notes(result.system, result):
        yield f"  {visible(line)}"


def _summary(result: SimResult) -> Iterator[tuple[str, str]]:
    """The figures of a run that readers ask for first, each in a few words: latency, load, bottleneck, energy."""
    if frames := frame_latencies_ms(result):
        yield "frame latency", _in_ms(frames)
    yield "engine latency", _in_ms(engine_latencies_ms(result))
    yield "real-time factor", number(real_time_factor(result))
    part, share = _busiest(result)
    yield "bottleneck", f"{part}, at work {percent(share, 0)} of the processing time"
    array, memory = percent(mac_utilisation(result), 1), percent(dram_share(result), 1)
    yield "used", f"MAC array {array}, DRAM {memory} of the peak in that time"
    if energy := _energy(result, "mJ "):
        yield "energy", energy
    if costly := _costliest(result):
        yield "costliest", costly


def _busiest(result: SimResult) -> tuple[str, float]:
    """(the part that was at work most, its share of the processing time)."""
    shares = busy_shares([result])
    busiest = max(shares, key=lambda part: shares[part])
    return PART_NAMES[busiest], shares[busiest]


def _bottleneck(result: SimResult) -> str:
    part, share = _busiest(result)
    return f"{part.removeprefix('the ')} {percent(share, 0)}"


def _energy(result: SimResult, unit: str = "") -> str | None:
    """The nominal energy and its range; None if the chip has no energy table."""
    energy = (result.extra.energy_mj or {}).get("total")
    if energy is None:
        return None
    low, nominal, high = map(number, energy)
    return f"{nominal} {unit}({low} to {high})"


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
