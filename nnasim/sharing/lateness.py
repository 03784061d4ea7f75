"""The lateness of one utterance of one stream: frame by frame, at its end, and against its deadlines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from nnasim.analysis.latency import frame_period, frame_rows
from nnasim.compiler.schedule import arrival_cycles
from nnasim.compiler.sharing import Tenant
from nnasim.ir.run import StepRun
from nnasim.ir.shared import StreamFrames
from nnasim.ir.trace import Utterance
from nnasim.sharing.streams import Played, Stream
from nnasim.units import cycles_to_ms


@dataclass(frozen=True)
class Lateness:
    """The lateness of one utterance of one stream.

    ``rows``: of each frame that did something (stream, utterance, frame, arrival, start, end), in cycles.
    """

    utterance: Utterance
    clock_hz: float
    rows: Sequence[tuple[int, ...]]
    engine_ms: float

    @cached_property
    def latencies_ms(self) -> list[float]:
        """The latency of each frame, from the moment its audio exists to the end of its last operation."""
        return [cycles_to_ms(end - arrival, self.clock_hz) for *_, arrival, _, end in self.rows]

    def misses(self, deadline_ms: float | None) -> int:
        """The number of frames that took longer than ``deadline_ms`` [ms]; if None, than until the next one arrives."""
        most = frame_period(self.utterance) * 1e3 if deadline_ms is None else deadline_ms
        return sum(latency > most for latency in self.latencies_ms)


def lateness_of(tenant: Tenant, stream: Stream) -> Iterator[Lateness]:
    """The lateness of each utterance that ``stream`` of ``tenant`` played."""
    for played, runs in stream.runs_by_utterance():
        yield _lateness(tenant, stream, played, runs)


def _lateness(tenant: Tenant, stream: Stream, played: Played, runs: Sequence[StepRun]) -> Lateness:
    clock_hz, utterance = tenant.compiled.chip.clock_hz, tenant.compiled.trace.utterances[played.utterance]
    arrivals = [played.begins + arrival_cycles(utterance, frame, clock_hz) for frame in range(len(utterance.arrivals))]
    rows = [(stream.number, *row) for row in frame_rows(played.utterance, arrivals, runs)]
    engine_ms = cycles_to_ms(max(0, runs[-1].end - arrivals[-1]), clock_hz)
    return Lateness(utterance=utterance, clock_hz=clock_hz, rows=rows, engine_ms=engine_ms)


def frames_of(utterances: Sequence[Lateness]) -> StreamFrames:
    """The frames of all ``utterances`` as columns."""
    columns = zip(*(row for utterance in utterances for row in utterance.rows), strict=True)
    return StreamFrames(**dict(zip(StreamFrames.model_fields, columns, strict=True)))
