"""Spans as tracks: for the Gantt picture, and as a Chrome trace-event file that Perfetto opens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nnasim import files
from nnasim.ir.program import BLOCKS
from nnasim.ir.result import CounterSamples, SimResult, Span
from reports.flows import flows

IDS_PER_PROCESS = 1_000_000


class Track(NamedTuple):
    """Spans of one block that do not overlap, in order; ``number`` counts the block's tracks from 0."""

    block: str
    number: int
    spans: list[Span]


def tracks(spans: Iterable[Span]) -> list[Track]:
    """Every span on a track of its block; overlapping work of one block stands on separate tracks.

    Blocks stand in the order of the data's way through the chip; one that is not known, at the end.
    """
    rows: list[Track] = []
    by_block: dict[str, list[Span]] = {}
    for span in spans:
        by_block.setdefault(span.block, []).append(span)
    for block in sorted(by_block, key=lambda name: BLOCKS.index(name) if name in BLOCKS else len(BLOCKS)):
        rows += _packed(block, by_block[block])
    return rows


def _packed(block: str, spans: list[Span]) -> list[Track]:
    """Each span, in order of its start, on the first track that is free: the fewest tracks, always the same ones."""
    rows: list[Track] = []
    for span in sorted(spans, key=lambda s: (s.start, s.track, s.end, s.name)):
        free = next((track for track in rows if track.spans[-1].end <= span.start), None)
        if free is None:
            rows.append(free := Track(block, len(rows), []))
        free.spans.append(span)
    return rows


def chrome_trace(results: Mapping[str, SimResult]) -> dict[str, Any]:
    """Trace events of every result: one process per result, one thread per track, times in microseconds.

    Arrows lead from a transfer to the work on its data; counters show SRAM occupancy and DRAM bandwidth.
    """
    events: list[dict[str, Any]] = []
    for process, (label, result) in enumerate(results.items(), start=1):
        events.append(_name("process_name", process, 0, f"{label} on {result.preset}"))
        threads: dict[Span, int] = {}
        # A thread whose number is its process's would be shown as the main one.
        for thread, track in enumerate(tracks(result.spans), start=1000 * process + 1):
            number = f" {track.number + 1}" if track.number else ""
            events.append(_name("thread_name", process, thread, f"{track.block}{number}"))
            events += [_event(span, process, thread, result.clock_hz) for span in track.spans]
            threads |= dict.fromkeys(track.spans, thread)
        events += [
            _count(counter, index, process, result.clock_hz)
            for counter in result.counters
            for index in range(len(counter.cycle))
        ]
        for flow in flows(result.spans):
            begin, end = flow.source, flow.target
            events.append(_arrow("s", flow.number, begin.start, process, threads[begin], result.clock_hz))
            into = max(begin.start, end.start)
            events.append(_arrow("f", flow.number, into, process, threads[end], result.clock_hz) | {"bp": "e"})
    return {"displayTimeUnit": "ns", "traceEvents": events}


def _name(what: str, process: int, thread: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": process, "tid": thread, "args": {"name": name}}


def _event(span: Span, process: int, thread: int, clock_hz: float) -> dict[str, Any]:
    return {
        "ph": "X",
        "name": span.name,
        "cat": span.kind,
        "pid": process,
        "tid": thread,
        "ts": span.start * 1e6 / clock_hz,
        "dur": (span.end - span.start) * 1e6 / clock_hz,
        "args": {"bytes": span.bytes, "start_cycle": span.start, "end_cycle": span.end},
    }


def _count(counter: CounterSamples, index: int, process: int, clock_hz: float) -> dict[str, Any]:
    return {
        "ph": "C",
        "name": counter.name,
        "pid": process,
        "tid": 0,
        "ts": counter.cycle[index] * 1e6 / clock_hz,
        "args": {counter.unit: counter.value[index]},
    }


def _arrow(phase: str, number: int, cycle: int, process: int, thread: int, clock_hz: float) -> dict[str, Any]:
    """One end of an arrow. Its id must be a number, or the viewer drops it: unlike other ids, no text is allowed."""
    return {
        "ph": phase,
        "name": "weights",
        "cat": "flow",
        "id": process * IDS_PER_PROCESS + number,
        "pid": process,
        "tid": thread,
        "ts": cycle * 1e6 / clock_hz,
    }


def write_timeline(path: str | Path, results: Mapping[str, SimResult]) -> None:
    """Write `timeline.json`, atomically."""
    files.write_json(path, chrome_trace(results), indent=None)
