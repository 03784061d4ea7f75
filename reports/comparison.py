"""The first section of a report: wrong words, latency and cost of each system in one table."""

from __future__ import annotations

from collections.abc import Iterator

from reports.blocks import (
    Block,
    Cell,
    Code,
    Column,
    Figure,
    Listing,
    Paragraph,
    Quantity,
    Section,
    Table,
    Value,
    is_empty,
)
from reports.charts.dots import headline_charts
from reports.charts.words_latency import words_latency_chart
from reports.chips import different_chips
from reports.figures.headline import headline
from reports.figures.words_latency import words_against_latency
from reports.gain import gain_sentences
from reports.notes import notes
from reports.result_set import ResultSet
from reports.summary import Percentiles, SystemFigures
from reports.text import NOT_COMPUTED, percent

_RANKS = ("p50", "p90", "p99")
_DASH = "A dash means: not computed."
_ENGINE = "Engine latency: from the moment an utterance's last audio exists to its final hypothesis."
_LAST_OPERATION = "Engine latency: from the moment the last audio exists to the end of the last operation."
_FRAME = "Frame latency: from the moment a frame's audio exists to the end of its last operation."
_UPL = (
    "User-perceived latency: from the end of speech to the final hypothesis, with chunking, emission delay, engine and "
    "endpointer."
)
_REST = (
    "Real-time factor: processing time over audio time. Hand-offs, cycles, CPU time, DRAM bytes and energy are sums "
    "over the whole corpus. NNA cycles: a block of the NNA worked, not counting what DMA loads ahead while the CPU "
    "computes or hands over. Used of the peak: multiply-accumulates over what the MAC array could do, and bytes over "
    "what the DRAM's rate would bring, in the time in which anything worked."
)


def comparison(result_set: ResultSet) -> Section:
    """The gain, in words, as a figure and as numbers."""
    return Section("comparison", "Comparison", tuple(_blocks(result_set)))


def _blocks(result_set: ResultSet) -> Iterator[Block]:
    if result_set.summary and result_set.summary.placement:
        yield _placed(result_set.summary.placement)
    if result_set.summary and (gained := gain_sentences(result_set.summary.gain)):
        yield Listing(tuple(gained), "answers")
    if lines := notes(result_set.results):
        yield Listing(tuple(lines), "notes")
    if drawn := headline(result_set.figures()):
        yield Figure("headline", drawn, charts=headline_charts(result_set.figures()))
    if drawn := words_against_latency("words_latency", result_set.figures()):
        yield Figure("words_latency", drawn, charts=words_latency_chart("words_latency", result_set.figures()))
    tables = (_latencies(result_set), _costs(result_set))
    yield from tables
    dash = (_DASH,) if any(is_empty(cell) for table in tables for row in table.rows for cell in row) else ()
    meanings = (_ENGINE, _FRAME, _UPL, _REST) if result_set.has_words else (_LAST_OPERATION, _FRAME, _REST)
    yield Paragraph(" ".join((*dash, *meanings)), note=True)


def _placed(placement: str) -> Paragraph:
    return Paragraph(
        (
            "Here ", Code("naive"), " and ", Code("aat"), " are placed ", Value(placement),
            ": cost and words are those of this placement, each operation computed in integers on the chip or in float "
            "on the CPU, as it was placed.",
        )
    )  # fmt: skip


def _latencies(result_set: ResultSet) -> Table:
    columns: tuple[Column, ...] = (
        _named(result_set),
        *(_under("word error rate", "WER", "95 % interval") if result_set.has_words else ()),
        *_under("engine latency [ms]", *_of_utterances(result_set)),
        "hand-offs",
        "real-time factor",
        *_under("used of the peak", "MAC array", "DRAM"),
    )
    systems = result_set.figures().items()
    rows = tuple((Value(label), *_latency_cells(result_set, figures)) for label, figures in systems)
    return Table("latencies", "", columns, rows, look="plain").filled()


def _latency_cells(result_set: ResultSet, figures: SystemFigures) -> tuple[Cell, ...]:
    return (
        *(_word_cells(figures) if result_set.has_words else ()),
        *_utterance_cells(result_set, figures.engine_latency_ms),
        figures.handoffs,
        figures.rtf,
        Quantity.percent(figures.mac_utilisation, 1),
        Quantity.percent(figures.dram_share, 1),
    )


def _word_cells(figures: SystemFigures) -> tuple[Cell, ...]:
    interval = NOT_COMPUTED if figures.wer_ci is None else " to ".join(map(percent, figures.wer_ci))
    return Quantity.percent(figures.wer), interval


def _costs(result_set: ResultSet) -> Table:
    columns: tuple[Column, ...] = (
        _named(result_set),
        *_under("frame latency [ms]", *_RANKS),
        *(_under("user-perceived latency [ms]", *_of_utterances(result_set)) if result_set.has_words else ()),
        "NNA cycles",
        "CPU [ms]",
        "DRAM",
        "energy [mJ]",
    )
    systems = result_set.figures().items()
    rows = tuple((Value(label), *_cost_cells(result_set, figures)) for label, figures in systems)
    return Table("costs", "", columns, rows, look="plain").filled()


def _cost_cells(result_set: ResultSet, figures: SystemFigures) -> tuple[Cell, ...]:
    return (
        *_ranks(figures.frame_latency_ms, _RANKS),
        *(_utterance_cells(result_set, figures.upl_ms) if result_set.has_words else ()),
        figures.nna_cycles,
        figures.cpu_ms,
        Quantity.data_size(figures.dram_bytes),
        figures.energy_mj,
    )


def _named(result_set: ResultSet) -> str:
    """The heading of the rows' names: one system on several chips is named by its chips."""
    results = result_set.results
    one_system = len({result.system for result in results.values()}) == 1
    return "chip" if one_system and len(different_chips(results)) == len(results) > 1 else "system"


def _under(shared: str, *names: str) -> Iterator[Column]:
    for name in names:
        yield shared, name


def _of_utterances(result_set: ResultSet) -> tuple[str, ...]:
    return ("the one utterance",) if result_set.single_utterance else ("mean", *_RANKS)


def _utterance_cells(result_set: ResultSet, times: Percentiles | None) -> tuple[Cell, ...]:
    """All percentiles of a single utterance are one value."""
    return _ranks(times, ("p50",) if result_set.single_utterance else ("mean", *_RANKS))


def _ranks(times: Percentiles | None, ranks: tuple[str, ...]) -> tuple[Cell, ...]:
    return tuple(None if times is None else getattr(times, rank) for rank in ranks)
