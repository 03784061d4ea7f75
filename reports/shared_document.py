"""The page of several models or streams on one chip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nnasim.ir.program import BLOCKS
from nnasim.ir.shared import ModelShare, SharedResult
from nnasim.markup import counted
from nnasim.units import cycles_to_ms
from reports.blocks import (
    Block,
    Cell,
    Code,
    Column,
    Document,
    Facts,
    Figure,
    Fold,
    Listing,
    Quantity,
    Section,
    Table,
    Value,
)
from reports.charts.latency import distribution_chart
from reports.charts.time import block_chart
from reports.chips import parameter_fold
from reports.document import write_html
from reports.figures.latency import distribution
from reports.figures.where import block_finding, blocks
from reports.operations import BlockShare
from reports.parameters import parameter_rows
from reports.shared_lines import POLICY, search_line, share_of_time, switching_line
from reports.shared_waits import waits_section
from reports.text import NOT_COMPUTED, command_line


def write_shared_page(path: str | Path, result: SharedResult, *, force: bool = False) -> Document:
    """The page of ``result``, atomically; returns what stands in it."""
    document = shared_document(result)
    write_html(path, document, force=force)
    return document


def shared_document(result: SharedResult) -> Document:
    """All that is known of the run."""
    names = ", ".join(f"{model.streams} x {model.name}" for model in result.models)
    return Document(
        title=Value(f"{names} on {result.preset}"),
        lead=(f"Policy {result.policy}: {POLICY[result.policy]}. No call is interrupted.", *_answer(result)),
        sections=(
            _lateness(result),
            waits_section(result),
            _shares(result),
            _memory(result),
            *_search(result),
            _operations(result),
            _chip(result),
            Section("limits", "Not modelled", (Listing(tuple(map(Value, result.not_modelled))),)),
            _provenance(result),
        ),
        kind="report",
    )


def _answer(result: SharedResult) -> tuple[Block, ...]:
    return () if result.search is None else (Listing((search_line(result),), "answers"),)


def _lateness(result: SharedResult) -> Section:
    columns: tuple[Column, ...] = (
        "model", "system", "streams", "priority",
        *(("frame latency [ms]", name) for name in ("p50", "p90", "p99")),
        *(("engine latency [ms]", name) for name in ("p50", "p90", "p99")),
        ("deadline", "[ms]"), ("deadline", "missed"), ("deadline", "frames"), "calls", "streams a call",
    )  # fmt: skip
    words = (
        "Frame latency: from the moment a frame's audio exists to the end of its last operation. Engine latency: that "
        "of an utterance's last frame. Where no deadline is given it is the arrival of the next frame."
    )
    table = Table("models", "", columns, tuple(_late_cells(result, model) for model in result.models))
    times = {model.name: _latencies_ms(result, model) for model in result.models}
    drawing, charts = distribution("frame", "frames", times), distribution_chart("frame", "frames", times)
    figures = () if drawing is None else (Figure("frame", drawing, charts=charts),)
    return Section("latency", "Latency", (words, table, *figures))


def _late_cells(result: SharedResult, model: ModelShare) -> tuple[Cell, ...]:
    frame, engine = model.frame_latency_ms, model.engine_latency_ms
    priority = model.priority if result.policy == "priority" else None
    served = sum(int(size) * count for size, count in model.batches.items())
    return (
        Value(model.name), model.system, model.streams, priority, frame.p50, frame.p90, frame.p99,
        engine.p50, engine.p90, engine.p99, model.deadline_ms, model.deadline_misses, len(model.frames.frame),
        model.calls, Quantity.rounded(served / model.calls if model.calls else None, 3),
    )  # fmt: skip


def _latencies_ms(result: SharedResult, model: ModelShare) -> list[float]:
    times = zip(model.frames.arrival, model.frames.end, strict=True)
    return [cycles_to_ms(end - arrival, result.clock_hz) for arrival, end in times]


def _shares(result: SharedResult) -> Section:
    cycles = result.totals.cycles or 1
    shares = [
        BlockShare(block, time.busy / cycles, time.stall / cycles, time.idle / cycles)
        for block, time in result.blocks.items()
    ]
    whole = ("blocks", block_finding(shares), sorted(shares, key=lambda share: -share.busy))
    drawing, charts = blocks(*whole), block_chart(*whole)
    rows = tuple(_share_cells(result, model, cycles) for model in result.models)
    idle = Quantity.percent(result.idle_cycles / cycles, 1)
    table = Table(
        "shares",
        "Share of the run",
        ("model", "holds the chip", *((block.replace("_", " "), "busy") for block in BLOCKS), "DRAM bytes"),
        (*rows, ("nobody", idle, *(None for _ in BLOCKS), None)),
        "Busy: a block works for the model. Resident weights loaded for a model count as its own.",
    )
    return Section(
        "shares", "Who has the chip", (table, *(() if drawing is None else (Figure("blocks", drawing, charts=charts),)))
    )


def _share_cells(result: SharedResult, model: ModelShare, cycles: int) -> tuple[Cell, ...]:
    busy = (
        Quantity.percent(model.blocks[block].busy / cycles if block in model.blocks else None, 1) for block in BLOCKS
    )
    held = Quantity.percent(share_of_time(result, model), 1)
    return Value(model.name), held, *busy, Quantity.data_size(model.totals.dram_bytes)


def _memory(result: SharedResult) -> Section:
    plan = result.sram_plan
    rows: list[tuple[Cell, ...]] = [
        ("working sets of all models and streams", plan.working_set),
        ("resident weights", plan.resident_weights),
        ("weight buffers", plan.weight_buffers),
        ("free", plan.free),
    ]
    residents = tuple((Value(model.name), model.resident_bytes) for model in result.models)
    return Section(
        "memory",
        "SRAM, and what switching costs",
        (
            f"{switching_line(result)}.",
            Table("sram", "Bytes of SRAM", ("what", "bytes"), tuple(rows), look="plain"),
            Table("residents", "Resident weights of each model", ("model", "bytes"), residents, look="plain"),
        ),
    )


def _search(result: SharedResult) -> Iterator[Section]:
    if result.search is None:
        return
    rows = tuple((tried.streams, tried.p99_ms) for tried in result.search.tried)
    note = "The largest p99 of frame latency of any model; none: does not stand in SRAM."
    table = Table("search", "", ("streams of each model", "p99 [ms]"), rows, note, look="plain")
    yield Section("search", "How many streams are in time", (f"{search_line(result)}.", table))


def _operations(result: SharedResult) -> Section:
    folds = tuple(
        Fold(
            (Value(model.name), f": {counted(len(model.ops), 'operation')}"), (_op_table(result, place, model),), False
        )
        for place, model in enumerate(result.models)
    )
    words = "Time in which the executing block worked on the operation, or waited for its data, over the whole run."
    return Section("operations", "Operations", (words, *folds))


def _op_table(result: SharedResult, place: int, model: ModelShare) -> Table:
    rows = tuple(
        (
            Value(op.graph), Value(op.op), op.kind, op.unit, op.count, cycles_to_ms(op.cycles, result.clock_hz),
            cycles_to_ms(op.stall_cycles, result.clock_hz), op.bytes,
        )
        for op in sorted(model.ops, key=lambda op: -op.cycles - op.stall_cycles)
    )  # fmt: skip
    columns = ("graph", "operation", "kind", "unit", "count", "busy [ms]", "waits [ms]", "DRAM bytes")
    return Table(f"operations{place}", "", columns, rows, look="plain")


def _chip(result: SharedResult) -> Section:
    return Section("chip", "Chip", (parameter_fold(result.preset, parameter_rows(result.parameters, result.hardware)),))


def _provenance(result: SharedResult) -> Section:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(result.versions.items()))
    facts = Facts(
        (
            ("command", Code(command_line(result.command))),
            ("commit", Value(result.commit or NOT_COMPUTED)),
            ("versions", Value(versions)),
            ("hardware", Code(result.hardware_hash)),
            *(((Value(model.name), ", trace"), Code(model.trace_hash)) for model in result.models),
        )
    )
    return Section("provenance", "Provenance", (facts,))
