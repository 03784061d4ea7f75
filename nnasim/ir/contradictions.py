"""The figures of a result against one another: a file whose parts exceed their sum was not written by a run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from nnasim.errors import TraceError, shown
from nnasim.ir.result import BlockTime, FrameTimes, OpCost, SimResult, Span, SramPlan, Totals
from nnasim.ir.shared import SharedResult, StreamFrames

_ROUNDING = 1e-6  # relative: sums of energies are added in another order


class Contradiction(NamedTuple):
    """A field of a result whose value another field forbids."""

    field: str
    value: object
    allowed: str


def refuse_contradictions(result: SimResult | SharedResult, source: object) -> None:
    """Raise TraceError, which names ``source``, for the first figure that contradicts another."""
    finds = _of_result(result) if isinstance(result, SimResult) else _of_shared(result)
    for found in finds:
        raise TraceError(source, *found)


def _of_result(result: SimResult) -> Iterator[Contradiction]:
    plan, energy = result.extra.sram_plan_bytes, result.extra.energy_mj
    yield from _of_chip(result.hardware, result.clock_hz, plan, "extra.sram_plan_bytes")
    yield from _of_blocks(result.blocks, result.totals)
    yield from _within("extra.busy_cycles", result.extra.busy_cycles, result.totals.cycles)
    yield from _of_energy(
        result.totals, {name: spread[1] for name, spread in (energy or {}).items()}, "extra.energy_mj"
    )
    yield from _of_ops(result.ops, result.totals)
    yield from _of_frames("frames", result.frames, result.totals.cycles)
    yield from _of_utterances(result)
    yield from _of_spans(result.spans)


def _of_shared(result: SharedResult) -> Iterator[Contradiction]:
    yield from _of_chip(result.hardware, result.clock_hz, result.sram_plan, "sram_plan")
    yield from _of_blocks(result.blocks, result.totals)
    energy = {name: spread[1] for name, spread in (result.energy_mj or {}).items()}
    yield from _of_energy(result.totals, energy, "energy_mj")
    yield from _within("idle_cycles", result.idle_cycles, result.totals.cycles)
    yield from _within("boot_cycles", result.boot_cycles, result.totals.cycles)
    for number, model in enumerate(result.models):
        yield from _of_frames(f"models.{number}.frames", model.frames, result.totals.cycles)


def _of_chip(
    hardware: Mapping[str, Any], clock_hz: float, plan: SramPlan | None, field: str
) -> Iterator[Contradiction]:
    stated = hardware.get("clock_hz", clock_hz)
    if stated != clock_hz:
        yield Contradiction("clock_hz", clock_hz, f"must be hardware.clock_hz, {shown(stated)}")
    sram = hardware.get("sram")
    capacity = sram.get("bytes") if isinstance(sram, Mapping) else None
    if plan is not None and capacity is not None:
        parts = plan.working_set + plan.resident_weights + plan.weight_buffers + plan.free
        if parts != capacity:
            yield Contradiction(field, parts, f"its parts must add up to hardware.sram.bytes, {shown(capacity)}")


def _of_blocks(blocks: Mapping[str, BlockTime], totals: Totals) -> Iterator[Contradiction]:
    for name, times in blocks.items():
        parts = times.busy + times.stall + times.idle
        if parts != totals.cycles:
            yield Contradiction(
                f"blocks.{name}", parts, f"busy, stall and idle must add up to {totals.cycles}, totals.cycles"
            )
    yield from _within("totals.nna_cycles", totals.nna_cycles, totals.cycles)


def _within(field: str, cycles: int | None, total: int) -> Iterator[Contradiction]:
    if cycles is not None and cycles > total:
        yield Contradiction(field, cycles, f"must be at most totals.cycles, {total}")


def _of_energy(totals: Totals, parts: Mapping[str, float], field: str) -> Iterator[Contradiction]:
    """``parts``: nominal figures by part of the chip, with their total; empty if there are none."""
    if not parts:
        return
    if totals.energy_mj is None or not math.isclose(parts["total"], totals.energy_mj, rel_tol=_ROUNDING):
        yield Contradiction("totals.energy_mj", totals.energy_mj, f"must be the total of {field}, {parts['total']}")
    added = math.fsum(value for name, value in parts.items() if name != "total")
    if not math.isclose(added, parts["total"], rel_tol=_ROUNDING):
        yield Contradiction(f"{field}.total", parts["total"], f"must be the sum of its parts, {added}")


def _of_ops(ops: Sequence[OpCost], totals: Totals) -> Iterator[Contradiction]:
    name, times = next(iter(Counter((op.graph, op.op) for op in ops).most_common(1)), (None, 1))
    if times > 1:
        yield Contradiction("ops", name, "must stand there once")
    macs, read = sum(op.macs for op in ops), sum(op.bytes for op in ops)
    if macs != totals.macs:
        yield Contradiction("totals.macs", totals.macs, f"must be the sum over ops, {macs}")
    if read > totals.dram_bytes:
        yield Contradiction("totals.dram_bytes", totals.dram_bytes, f"must be at least the sum over ops, {read}")


def _of_frames(field: str, frames: FrameTimes | StreamFrames, cycles: int) -> Iterator[Contradiction]:
    for number, (arrival, start, end) in enumerate(zip(frames.arrival, frames.start, frames.end, strict=True)):
        if start < arrival:
            yield Contradiction(f"{field}.start.{number}", start, f"must be at least its arrival, {arrival}")
        if end < start:
            yield Contradiction(f"{field}.end.{number}", end, f"must be at least its start, {start}")
        yield from _within(f"{field}.end.{number}", end, cycles)


def _of_utterances(result: SimResult) -> Iterator[Contradiction]:
    counts = Counter(result.frames.utterance)
    if counts and max(counts) >= len(result.utterances):
        most = f"must be an index of one of the {len(result.utterances)} utterances"
        yield Contradiction("frames.utterance", max(counts), most)
    for number, utterance in enumerate(result.utterances):
        if utterance.frames != counts[number]:
            there = f"must be {counts[number]}, as many as frames has of it"
            yield Contradiction(f"utterances.{number}.frames", utterance.frames, there)


def _of_spans(spans: Sequence[Span]) -> Iterator[Contradiction]:
    for number, span in enumerate(spans):
        if span.end < span.start:
            yield Contradiction(f"spans.{number}.end", span.end, f"must be at least its start, {span.start}")
