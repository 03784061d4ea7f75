"""Several results beside each other: what each waits for, what each change would gain, and why the CPU works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnasim.ir.explanation import CAUSES, Cause, WhatIf
from reports.blocks import Block, Cell, Code, Figure, Fold, Heading, Listing, Paragraph, Quantity, Section, Table, Value
from reports.charts.causes import causes_chart
from reports.explanation import MOST_LAYERS, cpu_group_cells, group_name, path_sentence, turn_words
from reports.figures.causes import causes
from reports.result_set import ResultSet
from reports.set_line import set_line
from reports.text import number, percent
from reports.waits import Waits

ALL = percent(1, 1)
MOST_COLUMNS = 4  # results beside each other where there is little room

Known = Mapping[str, Waits]


def waiting(result_set: ResultSet) -> Section:
    """The section of a page of several results; empty for one, of which the explanation says all."""
    blocks = tuple(_blocks(result_set)) if len(result_set.waits) > 1 else ()
    return Section("waiting", "What each waits for, and what would help", blocks)


def waiting_lines(result_set: ResultSet, most: int) -> Iterator[Block]:
    """A summary: the waits of at most ``most`` results, a sentence each."""
    yield "What a frame of each waits for:"
    yield Listing(tuple(_sentences(result_set, result_set.waits, most_layers=1))[:most])
    if len(result_set.waits) > most:
        yield f"and {len(result_set.waits) - most:,} more"


def waiting_in_short(result_set: ResultSet) -> Iterator[Block]:
    """The same where there is little room: a line for each result, and what would help on a few of them."""
    waits = result_set.waits
    yield Heading("What each waits for")
    yield Listing(tuple(_sentences(result_set, waits)))
    lifted = _lifted(waits)
    if lifted and len(lifted) <= MOST_COLUMNS:
        yield Heading("What would help")
        yield _savings_by_limit(lifted)
    if rows := _turn_rows(waits):
        yield Heading("The smallest change that moves the bottleneck")
        yield Listing(rows)
    if reasons := _cpu_reasons(waits):
        yield Heading("Why operations are on the CPU")
        yield Listing(reasons)


def _blocks(result_set: ResultSet) -> Iterator[Block]:
    waits = result_set.waits
    yield Listing(tuple(_sentences(result_set, waits)), "answers")
    times = {label: each.by_cause_ms for label, each in waits.items()}
    if picture := causes("causes", times):
        yield Figure("causes", picture, charts=causes_chart("causes", times))
    yield _cause_table(waits)
    yield from _what_would_help(waits)
    if rows := _turn_rows(waits):
        yield Heading("The smallest change that moves the bottleneck")
        yield Listing(rows)
    if any(each.cpu for each in waits.values()):
        yield Heading("Why operations are on the CPU")
        yield _cpu_table(waits)
    if unrun := [label for label, each in waits.items() if not each.what_ifs]:
        names = "" if len(unrun) == len(waits) else ", ".join(unrun)
        what = (" with the folder of these results", *((" adds what would help ", Value(names)) if names else ()))
        yield Paragraph((Code("nnasim explain"), *what, "" if names else " adds what would help."), note=True)


def _sentences(
    result_set: ResultSet, waits: Known, most_layers: int = MOST_LAYERS
) -> Iterator[tuple[str | Value | Code, ...]]:
    """A sentence on each result: the largest part of a frame, and the limit whose lifting spares most of one."""
    for label, each in waits.items():
        result = result_set.results[label]
        assert result.explanation is not None
        assert result.explanation.path is not None
        words = path_sentence(result.explanation.path, result.clock_hz, most_layers=most_layers)
        said = words if isinstance(words, tuple) else (words,)
        yield (Value(label), ": ", *said, helps_most(each))


def helps_most(waits: Waits) -> str:
    """The limit whose lifting spares most of a frame, in a few words; "" if no run was made or none spares anything."""
    best = best_what_if(waits)
    if best is None or best.figures is None or waits.base is None:
        return ""
    saved = percent(1 - best.figures.frame_ms / waits.base.frame_ms, 1)
    if saved == ALL:  # what then binds the rest is no news
        return f"; {best.limit} saves all of it"
    then = "" if best.figures.bottleneck == waits.base.bottleneck else f", then {CAUSES[best.figures.bottleneck]} binds"
    return f"; {best.limit} saves {saved}{then}"


def best_what_if(waits: Waits) -> WhatIf | None:
    """The limit whose lifting gives the shortest frame; None if none spares anything."""
    ran = [what_if for what_if in waits.what_ifs if what_if.figures is not None]
    if waits.base is None or not ran or not waits.base.frame_ms:
        return None
    best = min(ran, key=lambda what_if: what_if.figures.frame_ms if what_if.figures else 0)
    return best if best.figures and best.figures.frame_ms < waits.base.frame_ms else None


# --- where the time goes ----------------------------------------------------------------------------------------------


def _cause_table(waits: Known) -> Table:
    present = {cause for each in waits.values() for cause in each.by_cause_ms}
    ordered: list[Cause] = [cause for cause in CAUSES if cause in present]
    rows = tuple(
        (
            Value(label), Quantity.rounded(sum(each.by_cause_ms.values()), 4),
            *(_milliseconds(each, cause) for cause in ordered),
        )
        for label, each in waits.items()
    )  # fmt: skip
    note = (
        "The critical path of one frame of each result, from its audio to the end of its last operation: each moment "
        "has the one cause that held the frame up then, so that each row adds up to the frame's latency."
    )
    columns = ("result", "frame [ms]", *(f"{CAUSES[cause]} [ms]" for cause in ordered))
    return Table("causes", "", columns, rows, note)


def _milliseconds(waits: Waits, cause: Cause) -> Cell:
    ms = waits.by_cause_ms.get(cause)
    return None if ms is None else Quantity.rounded(ms, 4)


# --- what would help --------------------------------------------------------------------------------------------------


def _lifted(waits: Known) -> Known:
    return {label: each for label, each in waits.items() if each.base is not None and each.what_ifs}


def _limits(waits: Known) -> list[str]:
    return list(dict.fromkeys(what_if.limit for each in waits.values() for what_if in each.what_ifs))


def _what_would_help(waits: Known) -> Iterator[Block]:
    lifted = _lifted(waits)
    if not lifted:
        return
    yield Heading("What each change would buy")
    yield _savings(lifted, "savings", "now [ms]", "frame_ms", _SAVED)
    if any(each.base and each.base.energy_mj for each in lifted.values()):
        energy = _savings(lifted, "energy_savings", "now [mJ]", "energy_mj", _SAVED_ENERGY)
        yield Fold("The same in energy", (energy,))
    runs = tuple(row for label, each in lifted.items() for row in _run_rows(label, each))
    note = "Medians over frames and over utterances, and the energy of the whole run."
    yield Fold(f"Each of the {number(len(runs))} runs", (Table("runs", "", _RUN, runs, note, look="words"),))


_RUN = (
    "result", "limit lifted", "frame [ms]", "engine [ms]", "energy [mJ]", "then waits for", "add to nnasim simulate",
)  # fmt: skip


_SAVED = (
    "Each figure is that of a run with one limit lifted, and nothing else: how much less a frame's p50 latency is "
    "than as it is now. A negative saving costs; a dash: the chip or its work has no such limit, or nothing could run."
)
_SAVED_ENERGY = "How much less energy the whole run takes with one limit lifted, each as a run."


def _savings(waits: Known, name: str, now: str, figure: str, note: str) -> Table:
    limits = _limits(waits)
    rows = tuple(
        (Value(label), getattr(each.base, figure), *(_saved(each, limit, figure) for limit in limits))
        for label, each in waits.items()
    )
    return Table(name, "", ("result", now, *limits), rows, note)


def _savings_by_limit(waits: Known) -> Table:
    rows = tuple((limit, *(_saved(each, limit, "frame_ms") for each in waits.values())) for limit in _limits(waits))
    note = "How much less a frame's p50 latency is, each as a run with that limit lifted."
    return Table("savings", "", ("limit lifted", *waits), rows, note, look="plain")


def _saved(waits: Waits, limit: str, figure: str) -> Cell:
    what_if = next((what_if for what_if in waits.what_ifs if what_if.limit == limit), None)
    before, after = (
        getattr(waits.base, figure),
        getattr(what_if.figures, figure) if what_if and what_if.figures else None,
    )
    return None if not before or after is None else Quantity.percent(1 - after / before, 1)


def _run_rows(label: str, waits: Waits) -> Iterator[tuple[Cell, ...]]:
    assert waits.base is not None
    base = waits.base
    yield Value(label), "as it is", base.frame_ms, base.engine_ms, base.energy_mj, CAUSES[base.bottleneck], ""
    for what_if in waits.what_ifs:
        figures, line = what_if.figures, Code(set_line(what_if.changes))
        if figures is None:
            yield Value(label), what_if.limit, None, None, None, Value(what_if.refused or ""), line
            continue
        then = "the same" if figures.bottleneck == base.bottleneck else CAUSES[figures.bottleneck]
        yield Value(label), what_if.limit, figures.frame_ms, figures.engine_ms, figures.energy_mj, then, line


def _turn_rows(waits: Known) -> tuple[tuple[str | Value | Code, ...], ...]:
    return tuple((Value(label), ": ", *turn_words(turn)) for label, each in waits.items() for turn in each.turns)


# --- the CPU ----------------------------------------------------------------------------------------------------------


def _cpu_table(waits: Known) -> Table:
    rows = tuple((Value(label), *cpu_group_cells(group)) for label, each in waits.items() for group in each.cpu)
    columns = ("result", "operations", "how many", "CPU [ms]", "hand-offs", "they take [ms]", "reason")
    return Table("cpu_side_by_side", "", columns, rows, "Sums over each run.", look="words")


def _cpu_reasons(waits: Known) -> tuple[tuple[str | Value, ...], ...]:
    """Each reason once, with the results and the operations that it is of."""
    owners: dict[str, dict[str, list[str]]] = {}
    for label, each in waits.items():
        for group in each.cpu:
            owners.setdefault(group.reason, {}).setdefault(label, []).append(group_name(group.group))
    return tuple((Value(_owned(by_label, len(waits))), ": ", Value(reason)) for reason, by_label in owners.items())


def _owned(by_label: Mapping[str, list[str]], results: int) -> str:
    """Such as "each, input quantise" or "edge256 and mcu128, gates, joint": whose operations, and which."""
    groups = list(dict.fromkeys(group for groups in by_label.values() for group in groups))
    names = "each" if len(by_label) == results else "; ".join(by_label)
    return f"{names}: {', '.join(groups)}"
