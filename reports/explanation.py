"""The explanation of a run as blocks of a page: its waits, what would help, work on the CPU, and the certainty of it
all.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from nnasim.hardware.field_units import unit_of
from nnasim.ir.explanation import (
    CAUSES,
    Cause,
    Explanation,
    Figures,
    FramePath,
    Move,
    Turn,
)
from nnasim.ir.result import SimResult
from nnasim.units import cycles_to_ms
from reports.blocks import (
    Block,
    Cell,
    Code,
    Figure,
    Fold,
    Heading,
    Inline,
    Listing,
    Paragraph,
    Quantity,
    Section,
    Table,
    Value,
    Words,
)
from reports.charts.time import cause_chart
from reports.explained_assumptions import assumption_blocks
from reports.explained_words import word_blocks
from reports.figures.explanation import waterfall
from reports.naming import value_name
from reports.result_set import ResultSet
from reports.set_line import set_line
from reports.text import number, percent, shortened
from reports.waits import CpuGroup, cpu_groups

SMALL_SHARE = 0.05  # of a cause's cycles: a layer below it is not named
MOST_LAYERS = 4
LONGEST_LAYER = 40
FEW_OPS = 12  # that stand open
_ON_BEHALF: dict[Cause, tuple[str, str]] = {
    "dram": ("weights of ", " from DRAM"),
    "dram_latency": ("the DRAM's latency before weights of ", ""),
    "dma": ("weights of ", ", at the pace of the DMA's bursts in flight"),
    "cpu_dram": ("weights of ", " from DRAM to the CPU"),
    "fixed": ("the fixed cost of the passes of ", ""),
    "cpu": ("the CPU at work on ", ""),
}


def explanation(result_set: ResultSet, *, drawn: bool = True) -> Section:
    """The section of a page: one result's openly, several results' folded but for the first.

    ``drawn``: as in ``result_blocks``.
    """
    results = {label: result for label, result in result_set.results.items() if result.explanation}
    contents = [
        (label, tuple(result_blocks(result, f"{n}", drawn=drawn))) for n, (label, result) in enumerate(results.items())
    ]
    if len(contents) == 1:
        return Section("explanation", "What it waits for", contents[0][1])
    folds = (Fold(Value(label), blocks, is_open=n == 0) for n, (label, blocks) in enumerate(contents))
    return Section("explanation", "What it waits for", tuple(folds))


def result_blocks(result: SimResult, suffix: str = "", *, drawn: bool = True) -> Iterator[Block]:
    """All that is known of one result; ``suffix`` keeps the names of figures and tables of one page apart.

    ``drawn``: with figures, which take a while and which a terminal cannot show.
    """
    explained = result.explanation
    if explained is None:
        yield "The result is of a version that did not record what it waited for."
        return
    if explained.path is not None:
        yield from _path(explained.path, result.clock_hz, suffix, drawn=drawn)
    if explained.base is not None:
        yield from _what_ifs(explained, explained.base, suffix)
    yield from _cpu(explained, suffix)
    yield from word_blocks(result, explained, suffix)
    if explained.base is not None and explained.complete:
        yield from assumption_blocks(explained, explained.base, suffix, drawn=drawn)
    if not explained.complete:
        lacking = "what would help" if explained.base is None else "the smallest change of each field that does"
        rest = f" with this result, or its trace, adds {lacking} and which assumptions decide."
        yield Paragraph((Code("nnasim explain"), rest), note=True)


# --- where the time goes ----------------------------------------------------------------------------------------------


def _path(path: FramePath, clock_hz: float, suffix: str, *, drawn: bool) -> Iterator[Block]:
    total = cycles_to_ms(path.cycles, clock_hz)
    yield Heading("Where one frame's time goes")
    yield Paragraph(path_sentence(path, clock_hz))
    times = [(cause, cycles_to_ms(cycles, clock_hz)) for cause, cycles in path.by_cause.items()]
    whole = (f"path{suffix}", _finding(path, times, total), times)
    picture = waterfall(*whole) if drawn else None
    if picture:
        yield Figure(whole[0], picture, charts=cause_chart(*whole))
    rows = tuple(
        (
            CAUSES[cause],
            Value(layers_text(path, cause)),
            Quantity.rounded(ms, 4),
            Quantity.percent(ms / (total or 1), 1),
        )
        for cause, ms in times
    )
    note = (
        f"Frame {path.frame:,} of the first utterance, from its audio to the end of its last operation. Each moment "
        "counts once, for what held the frame up then, so the rows add up to the latency."
    )
    yield Table(f"path{suffix}", "", ("waits for", "layers", "ms", "share"), rows, note, look="words")


def _finding(path: FramePath, times: Sequence[tuple[Cause, float]], total: float) -> str:
    """The largest part in the few words of a picture's title."""
    cause, ms = next(iter(times), ("unknown", 0.0))
    said = CAUSES[cause]
    share = percent(ms / (total or 1), 0)
    return f"{said[:1].upper()}{said[1:]}: {share} of frame {path.frame:,}'s {number(total)} ms"


def path_sentence(path: FramePath, clock_hz: float, *, most_layers: int = MOST_LAYERS) -> Words:
    """The largest part in one line, such as "10.6 of 10.9 ms: weights of enc1 to enc4 from DRAM"."""
    cause, cycles = next(iter(path.by_cause.items()), ("unknown", 0))
    part, total = (number(cycles_to_ms(count, clock_hz)) for count in (cycles, path.cycles))
    before, after = _ON_BEHALF.get(cause, (f"{CAUSES[cause]}, for ", ""))
    layers = layers_text(path, cause, most_layers)
    if not layers:
        return f"{part} of {total} ms: {CAUSES[cause]}"
    return (f"{part} of {total} ms: {before}", Value(layers), after)


def layers_text(path: FramePath, cause: Cause, most: int = MOST_LAYERS) -> str:
    """The layers of ``cause``, such as "enc0 to enc4, pred0"; those of a small share left out."""
    parts = [part for part in path.parts if part.cause == cause and part.layer]
    total = sum(part.cycles for part in parts)
    named = [part.layer for part in parts if part.cycles >= SMALL_SHARE * total]
    runs = _joined(_within(named))
    more = len(parts) - len(named) + sum(count for _, count in runs[most:])
    shown = [shortened(text, LONGEST_LAYER) for text, _ in runs[:most]]
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _within(layers: Sequence[str]) -> list[str]:
    """``layers`` without the folder that all of them stand in, as those of an exported model do."""
    shared = posixpath.commonpath(layers) if len(layers) > 1 and not any(map(posixpath.isabs, layers)) else ""
    return [layer.removeprefix(f"{shared}/") for layer in layers]


def _joined(layers: Sequence[str]) -> list[tuple[str, int]]:
    """(words, how many layers) of neighbours that are numbered on: enc0, enc1, enc2 as "enc0 to enc2"."""

    def stem_and_offset(item: tuple[int, str]) -> tuple[str, int]:
        index, layer = item
        numbered = re.fullmatch(r"(.*?)([0-9]{1,9})", layer)
        return (numbered[1], int(numbered[2]) - index) if numbered else (layer, -1)

    names = []
    for _, group in groupby(enumerate(layers), key=stem_and_offset):
        run = [layer for _, layer in group]
        names.append((run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}", len(run)))
    return names


# --- what would help --------------------------------------------------------------------------------------------------


def _what_ifs(explained: Explanation, base: Figures, suffix: str) -> Iterator[Block]:
    idle = [what_if.limit for what_if in explained.what_ifs if what_if.figures == base]
    rows = [
        (what_if.limit, *_figure_cells(base, what_if.figures), what_if.refused or "")
        for what_if in explained.what_ifs
        if what_if.figures != base
    ]
    rows = sorted(rows, key=_helps_most)
    now = ("as it is", base.frame_ms, base.engine_ms, None, base.energy_mj, None, CAUSES[base.bottleneck])
    yield Heading("What would help")
    yield Table(
        f"what_if{suffix}",
        "",
        _COLUMNS,
        (now, *(_with_refusal(row) for row in rows)),
        "Each row is a run with one limit lifted, and nothing else: medians over frames and utterances. A negative "
        "saving costs.",
        look="plain",
    )
    if idle:
        yield Paragraph(f"These change nothing: {', '.join(idle)}.", note=True)
    turned = tuple(map(turn_words, explained.turns))
    if turned:
        yield "The smallest change of one field that moves the bottleneck:"
        yield Listing(turned)
    elif explained.complete:
        yield Paragraph("No change of one field alone moves the bottleneck.", note=True)
    lines = tuple((f"{what_if.limit}: ", Code(set_line(what_if.changes))) for what_if in explained.what_ifs)
    yield Fold("The same by hand: what to add to nnasim simulate", (Listing(lines),))


_COLUMNS = ("limit lifted", "frame [ms]", "engine [ms]", "saved", "energy [mJ]", "energy saved", "then waits for")


def _figure_cells(base: Figures, figures: Figures | None) -> tuple[Cell, ...]:
    if figures is None:
        return (None,) * 6
    return (
        figures.frame_ms,
        figures.engine_ms,
        _saved(base.frame_ms, figures.frame_ms),
        figures.energy_mj,
        _saved(base.energy_mj, figures.energy_mj),
        "the same" if figures.bottleneck == base.bottleneck else CAUSES[figures.bottleneck],
    )


def _saved(before: float | None, after: float | None) -> Quantity | None:
    return None if not before or after is None else Quantity.percent(1 - after / before, 1)


def _helps_most(row: tuple[Cell, ...]) -> float:
    return row[1] if isinstance(row[1], float) else float("inf")


def _with_refusal(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """``row`` without its last cell; if nothing ran, with the reason."""
    *cells, refused = row
    return (*cells[:-1], Value(str(refused))) if refused else tuple(cells)


def turn_sentence(turn: Turn) -> tuple[Inline, ...]:
    """The same in fewer words, such as "dram... at 4.98 GB/s: then the weight decoder binds"."""
    return (Code(turn.field), f" at {value_name(turn.value, unit_of(turn.field))}: then {CAUSES[turn.then]} binds")


def turn_words(turn: Turn) -> tuple[Inline, ...]:
    """The smallest change of a field after which something else binds, such as "dram... at 4.98 GB/s (today ...)"."""
    unit = unit_of(turn.field)
    place = f" at {value_name(turn.value, unit)} (today {value_name(turn.now, unit)}): then {CAUSES[turn.then]} binds"
    return (Code(turn.field), f"{place}, frame {number(turn.figures.frame_ms)} ms")


# --- the CPU ----------------------------------------------------------------------------------------------------------


def _cpu(explained: Explanation, suffix: str) -> Iterator[Block]:
    if not explained.cpu_ops:
        return
    yield Heading("Why operations are on the CPU")
    rows = tuple(cpu_group_cells(group) for group in cpu_groups(explained))
    columns = ("operations", "how many", "CPU [ms]", "hand-offs", "they take [ms]", "reason")
    others = f" {explained.other_crossings:,} more hand over inputs and results." if explained.other_crossings else ""
    yield Table(f"cpu_groups{suffix}", "", columns, rows, f"Sums over the run.{others}", look="words")
    if explained.moves and explained.base is not None:
        yield from _moved(explained.moves, explained.base, suffix)
    if len(explained.cpu_ops) == len(rows):  # each group is one operation, which stands above
        return
    table = _op_table(explained, suffix)
    yield table if len(table.rows) <= FEW_OPS else Fold(f"Each of the {len(table.rows):,} operations", (table,))


def _op_table(explained: Explanation, suffix: str) -> Table:
    rows = tuple(
        (Value(f"{op.graph}/{op.op}"), op.count, op.cpu_ms, op.crossings, op.crossing_ms, Value(op.reason))
        for op in explained.cpu_ops
    )
    more = explained.more_cpu_ops
    note = f"The costliest; {more:,} more operations cost less, each of them." if more else ""
    columns = ("operation", "times", "CPU [ms]", "hand-offs", "they take [ms]", "reason")
    return Table(f"cpu_ops{suffix}", "", columns, rows, note, look="words")


def cpu_group_cells(group: CpuGroup) -> tuple[Cell, ...]:
    """A group of operations of the CPU as a row: name, how many, times, hand-offs, reason."""
    return (
        Value(group_name(group.group)), group.operations, group.cpu_ms, group.handoffs, group.handoff_ms,
        Value(group.reason),
    )  # fmt: skip


def _moved(moves: Sequence[Move], base: Figures, suffix: str) -> Iterator[Block]:
    ran = [move for move in moves if move.refused is None]
    if ran:
        columns = ("on the NNA instead", "frame [ms]", "saved", "energy [mJ]", "energy saved")
        note = (
            "Each row is a run with these operations on the NNA. A group that moves alone may add hand-offs to its "
            f"neighbours, and then costs more than it saves. {_needs(ran)}"
        )
        yield Table(f"moves{suffix}", "", columns, tuple(_move_cells(move, base) for move in ran), note, look="words")
    for move in moves:
        if move.refused is not None:
            yield Paragraph(
                (Value(group_name(move.group)), f" stays: it takes {move.needs}; ", Value(f"{move.refused}."))
            )


def _needs(moves: Sequence[Move]) -> str:
    """The needs of the moves: a sentence for all, or for each kind of move."""
    groups: dict[str, list[str]] = {}
    for move in moves:
        groups.setdefault(move.needs, []).append(group_name(move.group))
    if len(groups) == 1:
        return f"It takes {next(iter(groups))}."
    return " ".join(f"{', '.join(names)}: it takes {needs}." for needs, names in groups.items())


def group_name(group: str) -> str:
    """A group of operations as words."""
    return group.replace("_", " ")


def named_groups(groups: Sequence[str], most: int = 2) -> str:
    """Such as "matmul, output layer and 6 more"."""
    names = list(dict.fromkeys(map(group_name, groups)))
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _move_cells(move: Move, base: Figures) -> tuple[Cell, ...]:
    frame_ms, _, saved, energy_mj, energy_saved, _ = _figure_cells(base, move.figures)
    return (Value(group_name(move.group)), frame_ms, saved, energy_mj, energy_saved)
