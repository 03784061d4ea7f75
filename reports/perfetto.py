"""Results -> a native Perfetto trace: a track per block, arrows from DMA to compute, counters of SRAM and DRAM."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nnasim import files
from nnasim.errors import MissingExtraError
from nnasim.ir.result import CounterSamples, SimResult, Span
from reports.flows import flows
from reports.timeline import Track, tracks

SEQUENCE = 1  # all packets come from one writer


def perfetto_is_installed() -> bool:
    """Whether the optional part of the package that knows Perfetto's format is there."""
    return find_spec("perfetto") is not None


def write_perfetto(path: str | Path, results: Mapping[str, SimResult], *, force: bool = False) -> None:
    """Write `timeline.perfetto-trace`, atomically. Raises MissingExtraError, FileError."""
    files.write_bytes(path, perfetto_trace(results), force=force)


def perfetto_trace(results: Mapping[str, SimResult]) -> bytes:
    """One group of tracks per result, one track per row of ``reports.timeline.tracks``; times in nanoseconds.

    Raises MissingExtraError if the package `perfetto` is not installed.
    """
    if not perfetto_is_installed():
        raise MissingExtraError("perfetto", "perfetto")
    writer = _Writer()
    for label, result in results.items():
        writer.group(f"{label} on {result.preset}", result)
    return writer.serialized()


class _Writer:
    """Packets in the order in which they are written; track numbers in the order in which tracks are made."""

    def __init__(self) -> None:
        from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as protos

        self.protos: Any = protos
        self.trace, self.last_track, self.last_flow = protos.Trace(), 0, 0

    def serialized(self) -> bytes:
        return bytes(self.trace.SerializeToString(deterministic=True))

    def group(self, name: str, result: SimResult) -> None:
        """Everything of one result. Not as a process: the viewer orders a process's tracks by name, whatever we say."""
        packet, parent = self._descriptor()
        packet.track_descriptor.name = name
        packet.track_descriptor.child_ordering = packet.track_descriptor.EXPLICIT
        begins: dict[Span, Any] = {}
        for track in tracks(result.spans):
            begins |= self._track(parent, track, result.clock_hz)
        for flow in flows(result.spans):
            begins[flow.source].flow_ids.append(self.last_flow + flow.number)
            begins[flow.target].terminating_flow_ids.append(self.last_flow + flow.number)
        self.last_flow += len(result.spans)
        for counter in result.counters:
            self._counter(parent, counter, result.clock_hz)

    def _descriptor(self) -> tuple[Any, int]:
        self.last_track += 1
        packet = self.trace.packet.add()
        packet.trusted_packet_sequence_id = SEQUENCE
        packet.track_descriptor.uuid = self.last_track
        return packet, self.last_track

    def _child(self, parent: int, name: str) -> tuple[Any, int]:
        packet, uuid = self._descriptor()
        packet.track_descriptor.parent_uuid = parent
        packet.track_descriptor.name = name
        packet.track_descriptor.sibling_order_rank = uuid  # the data's way through the chip, from top to bottom
        return packet, uuid

    def _track(self, parent: int, track: Track, clock_hz: float) -> dict[Span, Any]:
        """The spans of one row; returns the event that opens each."""
        number = f" {track.number + 1}" if track.number else ""
        _, uuid = self._child(parent, f"{track.block}{number}")
        begins: dict[Span, Any] = {}
        for span in track.spans:
            begin = self._event(uuid, "TYPE_SLICE_BEGIN", span.start, clock_hz)
            begin.name = span.name
            begin.categories.append(span.kind)
            for name, value in (("bytes", span.bytes), ("start_cycle", span.start), ("end_cycle", span.end)):
                note = begin.debug_annotations.add()
                note.name, note.uint_value = name, value
            begins[span] = begin
            self._event(uuid, "TYPE_SLICE_END", span.end, clock_hz)
        return begins

    def _counter(self, parent: int, counter: CounterSamples, clock_hz: float) -> None:
        packet, uuid = self._child(parent, counter.name)
        packet.track_descriptor.counter.unit_name = counter.unit
        for cycle, value in zip(counter.cycle, counter.value, strict=True):
            self._event(uuid, "TYPE_COUNTER", cycle, clock_hz).double_counter_value = value

    def _event(self, track: int, kind: str, cycle: int, clock_hz: float) -> Any:
        packet = self.trace.packet.add()
        packet.trusted_packet_sequence_id = SEQUENCE
        packet.timestamp = round(cycle * 1e9 / clock_hz)
        packet.track_event.track_uuid = track
        packet.track_event.type = getattr(self.protos.TrackEvent, kind)
        return packet.track_event
