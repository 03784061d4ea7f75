"""One frame's records -> spans for the Gantt picture and the viewers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from nnasim.ir.result import Span
from nnasim.ir.run import Record, StepRun

# A paper-sized frame has 20,000 records; a picture shows far fewer, and a result file should stay small.
MOST_SPANS = 4000


def representative_frame(runs: Sequence[StepRun]) -> int:
    """The frame nearest to the middle among those that ran the most different graphs."""
    graphs: dict[int, set[str]] = {}
    for run in runs:
        graphs.setdefault(run.step.frame, set()).add(run.step.program.graph)
    most = max(len(names) for names in graphs.values())
    middle = Counter(run.step.frame for run in runs)
    centre = sum(middle) / len(middle)
    return min((frame for frame, names in graphs.items() if len(names) == most), key=lambda f: (abs(f - centre), f))


def frame_spans(runs: Sequence[StepRun]) -> tuple[Span, ...]:
    """Spans of the representative frame, counted from its first operation, ordered by block, track and start."""
    frame = representative_frame(runs)
    chosen = [run for run in runs if run.step.frame == frame]
    spans = [span for run in chosen for span in _spans(run, chosen[0].start)]
    spans.sort(key=lambda span: (span.block, span.track, span.start, span.end))
    joined = _join(spans, gaps=False)
    return tuple(joined if len(joined) <= MOST_SPANS else _join(joined, gaps=True))


def _spans(run: StepRun, origin: int) -> Iterable[Span]:
    offset = run.start - origin
    for record in run.run.records:
        if record.end > record.start:
            info = run.step.program.ops[record.op]
            yield Span(
                block=record.block, track=record.track, name=info.name, kind=_kind(record, info.kind),
                start=record.start + offset, end=record.end + offset, bytes=record.bytes,
            )  # fmt: skip


def _kind(record: Record, op_kind: str) -> str:
    if record.is_stall:
        return "stall"
    return "dma_read" if record.block in ("dma", "dram") else op_kind


def _join(spans: list[Span], *, gaps: bool) -> list[Span]:
    """Neighbours of one operation as one span; with ``gaps``, across short waits between its tiles too."""
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last and (last.block, last.track, last.name) == (span.block, span.track, span.name):
            if gaps and span.kind == "stall" and last.kind != "stall":
                continue
            if last.kind == span.kind and (gaps or last.end == span.start):
                joined[-1] = last.model_copy(update={"end": span.end, "bytes": last.bytes + span.bytes})
                continue
        joined.append(span)
    return joined
