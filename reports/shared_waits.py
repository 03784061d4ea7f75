"""The waits of models that share a chip: a section of their page, and a summary for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnasim.ir.explanation import CAUSES
from nnasim.ir.shared import ModelWaits, SharedExplanation, SharedFigures, SharedResult, SharedWhatIf
from nnasim.markup import counted, visible
from nnasim.units import cycles_to_ms
from reports.blocks import Block, Cell, Code, Fold, Heading, Listing, Paragraph, Quantity, Section, Table, Value, shown
from reports.explained_short import INDENT, MOST_LINES, Room
from reports.set_line import policy_line, set_line
from reports.text import number, percent, shortened

MOST_MODELS, MOST_PARTS, MOST_HELPS, MOST_TOLD = 4, 3, 4, 2
LEAST_HELP = 0.99  # of a p99: what stays above is no help


def waits_title(result: SharedResult) -> str:
    """The title of an explanation that stands alone."""
    return f"What each stream on {result.preset} waits for"


def waits_section(result: SharedResult) -> Section:
    """The section of a page; empty without an explanation."""
    return Section("waiting", "What each waits for, and what would help", tuple(waits_blocks(result)))


def waits_blocks(result: SharedResult) -> Iterator[Block]:
    """All that is known of the waits, or how to know it."""
    explained = result.explanation
    if explained is None:
        yield Paragraph((Code("nnasim explain"), " with this result says what each stream waits for."), note=True)
        return
    yield Listing(tuple(model_sentence(result, model) for model in explained.models), "answers")
    yield _part_table(result, explained)
    yield _cause_table(result, explained)
    if explained.streams:
        yield _stream_table(result, explained)
    yield from _what_ifs(result, explained)


def model_sentence(result: SharedResult, model: ModelWaits) -> tuple[str | Value, ...]:
    """Such as "vad: a frame takes 25.6 ms: 15.5 ms of its own calls, 9.93 ms behind asr"."""
    parts = ", ".join(f"{_ms(result, model, cycles)} ms {what}" for what, cycles in _parts(model) if cycles)
    whole = f": a frame takes {_ms(result, model, model.cycles)} ms: "
    return (Value(model.name), whole, Value(parts))


def _parts(model: ModelWaits) -> list[tuple[str, int]]:
    """(words, cycles over all frames) of what a frame's time goes to: its own calls, then the longest waits."""
    waits = {f"behind {_of(model, name)}": cycles for name, cycles in model.behind.items()}
    waits |= {
        "behind its own earlier frames": model.earlier,
        "for weights to be loaded": model.loads,
        "for its turn or its audio": model.turn,
    }
    ordered = sorted(waits.items(), key=lambda item: -item[1])
    return [("of its own calls", sum(model.work.values())), *ordered]


def _of(model: ModelWaits, maker: str) -> str:
    return "its other streams" if maker == model.name else maker


def _ms(result: SharedResult, model: ModelWaits, cycles: int) -> str:
    return number(_mean_ms(result, model, cycles))


def _mean_ms(result: SharedResult, model: ModelWaits, cycles: int) -> float:
    return cycles_to_ms(cycles, result.clock_hz) / (model.frames or 1)


def _part_table(result: SharedResult, explained: SharedExplanation) -> Table:
    names = [model.name for model in explained.models]
    columns = ("model", "frames", "frame [ms]", "own calls", *(f"behind {name}" for name in names), "earlier frames",
               "loads", "turn or audio")  # fmt: skip
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            Value(model.name), model.frames, _mean_ms(result, model, model.cycles),
            *(
                Quantity.rounded(_mean_ms(result, model, cycles), 3)
                for cycles in (sum(model.work.values()), *(model.behind.get(name, 0) for name in names), model.earlier,
                               model.loads, model.turn)
            ),
        )
        for model in explained.models
    )  # fmt: skip
    note = (
        "Means over all frames [ms]; each row adds up to the frame. Behind a model: a call of another stream ran, of "
        "that model. Earlier frames: of the same stream. Loads: of resident weights. Turn or audio: no call ran."
    )
    return Table("shared_waits", "", columns, rows, note)


def _cause_table(result: SharedResult, explained: SharedExplanation) -> Table:
    rows = tuple(
        (Value(model.name), CAUSES[cause], Quantity.rounded(_mean_ms(result, model, cycles), 3),
         Quantity.percent(cycles / (model.cycles or 1), 1))
        for model in explained.models
        for cause, cycles in sorted(model.work.items(), key=lambda item: -item[1])
    )  # fmt: skip
    note = "The critical paths of a frame's own calls: means over all frames, and the share of the frame's latency."
    columns = ("model", "own calls wait for", "ms", "share")
    return Table("shared_causes", "Within its own calls", columns, rows, note, look="words")


def _stream_table(result: SharedResult, explained: SharedExplanation) -> Table:
    """Each stream a row, with a column for each that it waited for."""
    names = [f"{stream.model} {stream.stream + 1}" for stream in explained.streams]
    frames = {model.name: model.frames for model in explained.models}
    streams = {model.name: model.streams for model in result.models}
    rows = tuple(
        (
            Value(name),
            *(
                _wait_cell(result, stream.makers.get(str(maker), 0), frames[stream.model] / streams[stream.model])
                for maker in range(1, len(names) + 1)
            ),
        )
        for name, stream in zip(names, explained.streams, strict=True)
    )
    note = "Each row is a stream; its columns: how long a frame of it waited behind calls of each other one [ms]."
    return Table("stream_waits", "Which stream makes which wait", ("stream", *names), rows, note)


def _wait_cell(result: SharedResult, cycles: int, frames: float) -> Cell:
    return Quantity.rounded(cycles_to_ms(cycles, result.clock_hz) / frames, 3) if cycles else None


def _what_ifs(result: SharedResult, explained: SharedExplanation) -> Iterator[Block]:
    names = [model.name for model in result.models]
    ran = sorted((row for row in explained.what_ifs if row.figures), key=_worst_p99)
    idle = [row.limit for row in ran if row.figures == explained.base]
    columns = ("limit lifted", *(f"p50 of {name} [ms]" for name in names), *(f"p99 of {name} [ms]" for name in names),
               "energy [mJ]")  # fmt: skip
    rows: list[tuple[Cell, ...]] = [("as it is", *_figure_cells(explained.base))]
    rows += [(row.limit, *_figure_cells(row.figures)) for row in ran if row.figures and row.limit not in idle]
    note = "Each row is a run of all streams with one limit lifted, or with another policy, and nothing else."
    yield Heading("What would help")
    yield Table("shared_what_if", "", columns, tuple(rows), note, look="plain")
    if idle:
        yield Paragraph(f"These change nothing: {', '.join(idle)}.", note=True)
    if refused := [row for row in explained.what_ifs if row.refused]:
        yield Listing(tuple((f"{row.limit} could not run: ", Value(row.refused or "")) for row in refused))
    lines = tuple((f"{row.limit}: ", Code(what_if_line(row))) for row in explained.what_ifs)
    yield Fold("The same by hand: what to add to nnasim simulate", (Listing(lines),))


def what_if_line(row: SharedWhatIf) -> str:
    """The options that repeat a run."""
    return set_line(row.changes) if row.changes else policy_line(row.policy)


def _figure_cells(figures: SharedFigures) -> tuple[Cell, ...]:
    return (*figures.p50_ms, *figures.p99_ms, figures.energy_mj)


def _worst_p99(row: SharedWhatIf) -> float:
    return max(row.figures.p99_ms) if row.figures else float("inf")


def shared_short_lines(result: SharedResult, width: int) -> list[str]:
    """The waits of each model, and what would help, in at most 15 lines."""
    explained, room = result.explanation, Room(width)
    streams = ", ".join(f"{counted(model.streams, 'stream')} of {model.name}" for model in result.models)
    lines = [visible(f"{streams} on {result.preset}, {result.policy}")]
    if explained is None:
        return lines
    for model in explained.models[:MOST_MODELS]:
        lines += room.lines(*_short_model(result, model))
    if len(explained.models) > MOST_MODELS:
        lines.append(f"{'':{INDENT}}and {len(explained.models) - MOST_MODELS:,} more")
    for place, text in enumerate(_helps(explained)):
        lines += room.lines("would help" if place == 0 else "", text)
    return lines[: MOST_LINES - 1]


def _short_model(result: SharedResult, model: ModelWaits) -> tuple[str, str]:
    cause, cycles = max(model.work.items(), key=lambda item: item[1])
    parts = [
        f"{_ms(result, model, part)} ms {what}"
        for what, part in _parts(model)[:MOST_PARTS]
        if part >= model.cycles / 1000
    ]
    parts[0] += f" ({percent(cycles / (sum(model.work.values()) or 1), 0)} {CAUSES[cause]})"
    name = model.name if len(model.name) <= INDENT - 3 else "a frame"
    named = "" if name == model.name else f"{model.name}: "
    return name, shown(f"{named}{_ms(result, model, model.cycles)} ms a frame: {', '.join(parts)}")


def _helps(explained: SharedExplanation) -> Iterator[str]:
    """The changes that shorten some model's p99 most, with their effect on each of the first models."""
    before = explained.base.p99_ms
    ran = [(_best_ratio(row.figures.p99_ms, before), row.limit, row.figures.p99_ms)
           for row in explained.what_ifs if row.figures]  # fmt: skip
    for _, limit, after in sorted(each for each in ran if each[0] < LEAST_HELP)[:MOST_HELPS]:
        pairs = zip(explained.models, before, after, strict=True)
        told = [f"{_named(explained, model)}{number(old)} to {number(new)}" for model, old, new in pairs]
        yield f"{limit}: p99 {', '.join(told[:MOST_TOLD])} ms"


def _best_ratio(after: Sequence[float], before: Sequence[float]) -> float:
    return min(new / old if old else 1.0 for new, old in zip(after, before, strict=True))


def _named(explained: SharedExplanation, model: ModelWaits) -> str:
    return f"{shortened(model.name, 12)} " if len(explained.models) > 1 else ""
