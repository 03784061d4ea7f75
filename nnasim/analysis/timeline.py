"""One frame's records -> spans for the Gantt picture and the viewers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nnasim.ir.result import Span
from nnasim.ir.run import Record, StepRun

# A paper-sized frame has 20,000 records; a picture shows far fewer, and a result file should stay small.
MOST_SPANS = 4000
DRAM_READS = ("dma_read", "cpu_read")  # by the DRAM's track: who reads


def representative_frame(runs: Sequence[StepRun]) -> int:
    """The frame nearest to the middle among those that ran the most different graphs."""
    graphs: dict[int, set[str]] = {}
    for run in runs:
        graphs.setdefault(run.step.frame, set()).add(run.step.program.graph)
    most = max(len(names) for names in graphs.values())
    middle = Counter(run.step.frame for run in runs)
    centre = sum(middle) / len(middle)
    return min((frame for frame, names in graphs.items() if len(names) == most), key=lambda f: (abs(f - centre), f))


@dataclass(slots=True)
class _Piece:
    """A span in the making; pydantic records are too slow for the 20,000 of a paper-sized frame."""

    block: str
    track: int
    start: int
    end: int
    name: str
    kind: str
    bytes: int

    def same_work(self, other: _Piece) -> bool:
        return (self.block, self.track, self.name) == (other.block, other.track, other.name)


def frame_spans(runs: Sequence[StepRun]) -> tuple[Span, ...]:
    """Spans of the representative frame, counted from its first operation, ordered by block, track and start."""
    frame = representative_frame(runs)
    chosen = [run for run in runs if run.step.frame == frame]
    pieces = [piece for run in chosen for piece in _pieces(run, chosen[0].start)]
    pieces.sort(key=lambda piece: (piece.block, piece.track, piece.start, piece.end))
    joined = _join(pieces, gaps=False)
    if len(joined) > MOST_SPANS:
        joined = _join(joined, gaps=True)
    return tuple(Span(**{name: getattr(piece, name) for name in _Piece.__slots__}) for piece in joined)


def _pieces(run: StepRun, origin: int) -> Iterable[_Piece]:
    offset, ops = run.start - origin, run.run.ops
    for r in run.run.records:
        if r.end > r.start:
            info = ops[r.op]
            yield _Piece(
                block=r.block,
                track=r.track,
                start=r.start + offset,
                end=r.end + offset,
                name=info.name,
                kind=_kind(r, info.kind),
                bytes=r.bytes,
            )


def _kind(record: Record, op_kind: str) -> str:
    if record.is_stall:
        return "stall"
    if record.block == "dram":
        return DRAM_READS[record.track]
    return "dma_read" if record.block == "dma" else op_kind


def _join(pieces: list[_Piece], *, gaps: bool) -> list[_Piece]:
    """Neighbours of one operation as one span; with ``gaps``, across short waits between its tiles too."""
    joined: list[_Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last and last.same_work(piece):
            if gaps and piece.kind == "stall" and last.kind != "stall":
                continue
            if last.kind == piece.kind and (gaps or last.end == piece.start):
                last.end, last.bytes = piece.end, last.bytes + piece.bytes
                continue
        joined.append(piece)
    return joined
