"""`report.html` of any number of results: which words, tables and figures stand where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from nnasim.analysis.pooled import engine_latencies_ms, frame_latencies_ms, processing_ms
from nnasim.ir.result import SimResult
from nnasim.markup import counted
from nnasim.units import cycles_to_ms
from reports import operations
from reports.blocks import (
    Block,
    Code,
    Document,
    Facts,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Quantity,
    Section,
    Table,
    Value,
    Words,
)
from reports.chart import Chart
from reports.charts.energy import energy_chart
from reports.charts.latency import distribution_chart
from reports.charts.roofline import roofline_chart
from reports.charts.time import block_chart, line_chart, part_chart
from reports.chips import chips_side_by_side, parameter_section
from reports.claim import claim_sentence
from reports.comparison import comparison
from reports.document import write_html
from reports.energy import RangeTable, labelled_chips, nodes, range_table
from reports.explanation import explanation
from reports.figures.energy import energy_stack
from reports.figures.gantt import gantt
from reports.figures.latency import distribution
from reports.figures.roofline import Roof, finding, roofline
from reports.figures.style import Drawing
from reports.figures.where import block_finding, blocks, longest_part, part_finding, parts
from reports.hypotheses import Misheard, misheard
from reports.model import model
from reports.operating_points import roof_of
from reports.operations import PartTime
from reports.result_set import ResultSet
from reports.summary import Summary
from reports.text import NOT_COMPUTED, command_line, number
from reports.to_html import html
from reports.waiting import waiting

LONGEST_TITLE = 90  # characters of labels; of more the number of results is told
MOST_TITLED = 6  # systems, or presets


def write_page(path: str | Path, result_set: ResultSet, *, force: bool = False) -> Document:
    """The page of ``result_set``, atomically; returns what stands in it."""
    document = report(result_set)
    write_html(path, document, force=force)
    return document


def page(result_set: ResultSet) -> str:
    """The page as text."""
    return html(report(result_set))


def report(result_set: ResultSet) -> Document:
    """All that is known of the results of ``result_set``; a section without data is absent."""
    sections = (
        chips_side_by_side(result_set),
        comparison(result_set),
        model(result_set),
        _latency(result_set),
        waiting(result_set),
        explanation(result_set),
        _where(result_set),
        _ranges(result_set),
        _frame(result_set),
        _words(result_set),
        parameter_section(result_set),
        _limits(result_set),
        _provenance(result_set),
    )
    return Document(
        title=Value(_title(result_set)),
        lead=()
        if result_set.summary is None
        else (_corpus(result_set, result_set.summary), *_claim(result_set.summary)),
        sections=tuple(section for section in sections if section.blocks),
        kind="report",
        data={} if result_set.summary is None else {"summary": result_set.summary.model_dump(mode="json")},
    )


def _title(result_set: ResultSet) -> str:
    """The title: the compared things, and their chip unless the labels name it."""
    presets = list(dict.fromkeys(result.preset for result in result_set.results.values()))
    results = result_set.results
    names = ("; " if any(", " in label for label in results) else ", ").join(results)
    if len(names) > LONGEST_TITLE:
        systems = list(dict.fromkeys(result.system for result in results.values()))
        return f"{number(len(results))} results of {_listed(systems)} on {_listed(presets)}"
    return names if len(presets) > 1 else f"{names} on {presets[0]}"


def _listed(names: Sequence[str]) -> str:
    """The first names, and how many more."""
    more = f" and {len(names) - MOST_TITLED} more" if len(names) > MOST_TITLED else ""
    return f"{', '.join(names[:MOST_TITLED])}{more}"


def _corpus(result_set: ResultSet, summary: Summary) -> Paragraph:
    corpus = summary.corpus
    if corpus.manifest is None:
        names = {work.name: None for result in result_set.results.values() if (work := result.workload)}
        heard = counted(corpus.utterances, "utterance")
        seconds = f"{number(corpus.audio_seconds, 4)} s of audio"
        return Paragraph((Value(", ".join(names)), f": {heard}, {seconds}. Where should it run, and how late is it?"))
    return Paragraph(
        (
            f"{counted(corpus.utterances, 'utterance')}, {counted(corpus.words or 0, 'word')}, "
            f"{number(corpus.audio_seconds, 4)} s of speech from ",
            Value(corpus.manifest),
            ". How many words come out wrong, and how long does the user wait?",
        )
    )


def _claim(summary: Summary) -> tuple[Paragraph, ...]:
    sentence = claim_sentence(summary)
    return () if sentence is None else (Paragraph((sentence,)),)


def _drawn(name: str, drawing: Drawing | None, charts: tuple[Chart, ...] = ()) -> tuple[Figure, ...]:
    """A figure without data is absent."""
    return () if drawing is None else (Figure(name, drawing, charts=charts),)


def _latency(result_set: ResultSet) -> Section:
    def picture(name: str, what: str, values: Callable[[SimResult], Sequence[float]]) -> tuple[Figure, ...]:
        times = {label: values(result) for label, result in result_set.results.items()}
        return _drawn(name, distribution(name, what, times), distribution_chart(name, what, times))

    engine = () if result_set.single_utterance else picture("engine", "utterances", engine_latencies_ms)
    return Section("latency", "Latency", (*engine, *picture("frame", "frames", frame_latencies_ms)))


def _where(result_set: ResultSet) -> Section:
    results = result_set.results
    imported = {label: result for label, result in results.items() if result.imported}
    by_layer = _by_part("layers", imported, operations.time_per_layer)
    layers: tuple[Block, ...] = (Heading("By layer"), *by_layer) if by_layer else ()
    return Section(
        "time",
        "Where the time goes",
        (
            Heading("By kind of operation"),
            *_by_part("kinds", results, operations.time_per_kind),
            *layers,
            Paragraph(
                "Time in which the executing block worked on the operation, or waited for its data. Blocks work at the "
                "same time, so the bars of one system may add up to more than the elapsed time.",
                note=True,
            ),
            Heading("By block"),
            *(figure for n, (label, result) in enumerate(results.items()) for figure in _by_block(n, label, result)),
            Table(
                "bounds",
                "Against the closed-form bound",
                ("system", "processing time [ms]", "lower bound [ms]", "ratio"),
                tuple((Value(label), *_bound(result)) for label, result in results.items()),
                "Processing time: any block works. The bound is computed from the same chip without the event model.",
                look="plain",
            ),
            *_rooflines(results),
        ),
    )


def _rooflines(results: Mapping[str, SimResult]) -> tuple[Block, ...]:
    """A picture for each result with layers on the NNA."""
    roofs = {label: roof_of(result) for label, result in results.items()}
    figures = tuple(_roofline(f"roofline{n}", label, roof) for n, (label, roof) in enumerate(roofs.items()) if roof)
    return (Heading("Under the roof of DRAM and MAC array"), *figures) if figures else ()


def _roofline(name: str, label: str, roof: Roof) -> Figure:
    whole = (name, finding(label, roof), roof)
    return Figure(name, roofline(*whole), charts=roofline_chart(*whole))


def _by_block(place: int, label: str, result: SimResult) -> tuple[Figure, ...]:
    name, shares = f"blocks{place}", operations.block_shares(result)
    whole = (name, block_finding(shares, label), shares)
    return _drawn(name, blocks(*whole), block_chart(*whole))


def _by_part(
    name: str, results: Mapping[str, SimResult], times_of: Callable[[SimResult], list[PartTime]]
) -> tuple[Figure, ...]:
    """A picture for each result, all to one scale."""
    times = {label: times_of(result) for label, result in results.items()}
    scale = longest_part(times)

    def drawn(name: str, label: str) -> tuple[Figure, ...]:
        whole = (name, part_finding(label, times[label]), times[label], scale)
        return _drawn(name, parts(*whole), part_chart(*whole))

    return tuple(figure for n, label in enumerate(results) for figure in drawn(f"{name}{n}", label))


def _bound(result: SimResult) -> tuple[Quantity, ...]:
    """(processing time, its closed-form lower bound [ms], their ratio)."""
    simulated, bound = processing_ms(result), cycles_to_ms(result.bound_cycles, result.clock_hz)
    return tuple(Quantity.rounded(value, 4) for value in (simulated, bound, simulated / bound if bound else None))


def _ranges(result_set: ResultSet) -> Section:
    """The figures that are known within a range only; those that were not computed are absent."""
    chips = {
        result.hardware_hash: result for result in result_set.results.values()
    }  # systems on one chip share its area
    sums = (
        "Counts of actions times a table of low, typical and high costs per action; each total adds up all low, all "
        "typical and all high parts, so its range is as wide as if every part erred the same way."
    )
    tables = (
        *_range("energy", "energy_mj", "Energy [mJ] over the whole corpus", result_set.results),
        *_range("area", "area_mm2", "Area [mm²]", labelled_chips(list(chips.values()))),
    )
    energy = range_table(result_set.results, "energy_mj")
    whole = ("energy", energy.ranges if energy else {})
    stack = _drawn("energy", energy_stack(*whole), energy_chart(*whole))
    return Section("energy", "Energy and area", (*stack, sums, *tables) if tables else ())


def _range(
    section: str, figure: Literal["energy_mj", "area_mm2"], title: str, results: Mapping[str, SimResult]
) -> Iterator[Table]:
    ranges = range_table(results, figure)
    if ranges is None:
        return
    sizes = nodes(results, section)
    yield Table(
        section,
        title,
        ("part", *((label, name) for label in ranges.ranges for name in ("low", "typical", "high"))),
        tuple((Value(part.replace("_", " ")), *_part_cells(ranges, part)) for part in ranges.parts),
        f"Costs per action at {', '.join(sizes)}; each with its source under Chip." if sizes else "",
        look="plain",
    )


def _part_cells(ranges: RangeTable, part: str) -> Iterator[float | None]:
    for spreads in ranges.ranges.values():
        yield from spreads.get(part, (None, None, None))


def _frame(result_set: ResultSet) -> Section:
    lines = [
        figure for n, (label, result) in enumerate(result_set.results.items()) for figure in _line(n, label, result)
    ]
    words = (
        "Each picture has its own time scale. Overlapping work of one block stands on separate rows. Perfetto shows "
        "every span: open ",
        Code("timeline.json"),
        " there.",
    )
    contents: tuple[Block, ...] = (*lines, Paragraph(words, note=True)) if lines else ("No time line was recorded.",)
    return Section("frame", "One frame", contents)


def _line(place: int, label: str, result: SimResult) -> tuple[Figure, ...]:
    name = f"gantt{place}"
    return _drawn(name, gantt(name, label, result), line_chart(name, label, result))


def _words(result_set: ResultSet) -> Section:
    wrong = misheard(result_set.hypotheses)
    return Section("words", "Words", (_scored(result_set), _misheard(result_set, wrong)) if wrong else ())


def _scored(result_set: ResultSet) -> Paragraph:
    normalisation = result_set.summary.corpus.text_normalisation if result_set.summary else None
    words: tuple[str | Value, ...] = (
        "Utterances that at least one system got wrong, those that most systems missed first; at most 40 are shown. "
        "A tick means: right.",
    )
    if normalisation:
        sentence = " What was said is shown, and scored, after the text normalisation "
        words = (*words, sentence, Value(normalisation), ".")
    return Paragraph(words)


def _misheard(result_set: ResultSet, wrong: Sequence[Misheard]) -> Table:
    rows = tuple(
        (
            Value(item.id),
            Value(item.reference),
            *(
                Value(item.hypotheses[label] or "(nothing)") if label in item.hypotheses else "✓"
                for label in result_set.results
            ),
        )
        for item in wrong
    )
    return Table("words", "", ("utterance", "said", *result_set.results), rows, look="words")


def _limits(result_set: ResultSet) -> Section:
    limits = dict.fromkeys(item for result in result_set.results.values() for item in result.not_modelled)
    listed = Listing(tuple(map(Value, limits))) if limits else "The result files list nothing."
    return Section("limits", "Not modelled", (listed,))


def _provenance(result_set: ResultSet) -> Section:
    facts: tuple[Block, ...] = () if result_set.summary is None else (_facts(result_set.summary),)
    rows = tuple(
        (
            Value(label), Value(result.preset), Code(result.hardware_hash), Code(result.numerics_hash),
            Code(result.trace_hash), Value((result.commit or NOT_COMPUTED)[:12]), Code(command_line(result.command)),
        )
        for label, result in result_set.results.items()
    )  # fmt: skip
    several = len({result.numerics_hash for result in result_set.results.values()}) > 1
    note = "The results do not share one arithmetic: their accuracies and costs belong to different number formats."
    columns = ("result", "preset", "hardware", "numerics", "trace", "commit", "command")
    table = Table("results", "", columns, rows, note if several else "", look="parameters")
    return Section("provenance", "Provenance", (*facts, table))


def _facts(summary: Summary) -> Facts:
    seeds = ", ".join(f"{name} {seed}" for name, seed in sorted(summary.seeds.items()))
    versions = ", ".join(f"{name} {version}" for name, version in sorted(summary.versions.items()))
    rows: list[tuple[Words, Words]] = [
        ("command", Code(command_line(summary.command))),
        ("commit", Value(summary.commit or NOT_COMPUTED)),
        ("versions", Value(versions)),
        ("seeds", Value(seeds or NOT_COMPUTED)),
    ]
    rows += [(("SHA-256 of ", Value(name)), Code(digest)) for name, digest in sorted(summary.inputs.items())]
    return Facts(tuple(rows))
