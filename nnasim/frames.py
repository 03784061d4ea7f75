"""Results as data frames: one row per thing, units in the column names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnasim.ir.result import SimResult, Spread
from nnasim.ir.shared import SharedResult
from nnasim.units import cycles_to_ms

if TYPE_CHECKING:
    import pandas as pd


def ops_frame(result: SimResult) -> pd.DataFrame:
    """What each operation cost, the costliest first; index (graph, op).

    ``busy_ms``: its block worked on it; ``stall_ms``: its block waited for its data; ``dram_bytes``, ``macs``: moved
    and computed on its behalf; ``count``: executions.
    """
    rows = [
        {
            "graph": op.graph,
            "op": op.op,
            "kind": op.kind,
            "group": op.group,
            "layer": op.layer,
            "unit": op.unit,
            "block": op.block,
            "count": op.count,
            "busy_ms": cycles_to_ms(op.cycles, result.clock_hz),
            "stall_ms": cycles_to_ms(op.stall_cycles, result.clock_hz),
            "dram_bytes": op.bytes,
            "macs": op.macs,
        }
        for op in result.ops
    ]
    frame = _frame(rows, ["graph", "op"])
    return frame.loc[(frame["busy_ms"] + frame["stall_ms"]).sort_values(ascending=False, kind="stable").index]


def frames_frame(result: SimResult) -> pd.DataFrame:
    """Each frame of audio; index (utterance, frame), times in ms from the utterance's start.

    ``latency_ms``: from the moment the frame's audio exists to the end of its last operation.
    """
    columns = result.frames
    rows = [
        {
            "utterance": result.utterances[utterance].id,
            "frame": frame,
            "arrival_ms": cycles_to_ms(arrival, result.clock_hz),
            "start_ms": cycles_to_ms(start, result.clock_hz),
            "end_ms": cycles_to_ms(end, result.clock_hz),
            "latency_ms": cycles_to_ms(end - arrival, result.clock_hz),
        }
        for utterance, frame, arrival, start, end in zip(
            columns.utterance, columns.frame, columns.arrival, columns.start, columns.end, strict=True
        )
    ]
    return _frame(rows, ["utterance", "frame"])


def blocks_frame(result: SimResult) -> pd.DataFrame:
    """Each hardware block; index block: ms in which it worked, waited for another block, and had nothing to do."""
    rows = [
        {
            "block": name,
            "busy_ms": cycles_to_ms(time.busy, result.clock_hz),
            "stall_ms": cycles_to_ms(time.stall, result.clock_hz),
            "idle_ms": cycles_to_ms(time.idle, result.clock_hz),
        }
        for name, time in result.blocks.items()
    ]
    return _frame(rows, ["block"])


def utterances_frame(result: SimResult) -> pd.DataFrame:
    """Each utterance; index id: audio in s, latencies and processing time in ms. A part not computed is missing."""
    rows = [
        {
            "utterance": utterance.id,
            "audio_s": utterance.audio_seconds,
            "frames": utterance.frames,
            "engine_latency_ms": utterance.engine_latency_ms,
            "busy_ms": utterance.busy_ms,
            "upl_ms": utterance.upl_ms,
            **{f"upl_{part}_ms": value for part, value in utterance.upl_parts_ms.items()},
        }
        for utterance in result.utterances
    ]
    return _frame(rows, ["utterance"])


def spreads_frame(spreads: Mapping[str, Spread] | None, unit: str) -> pd.DataFrame:
    """Figures that are known within a range, by part of the chip; index part, columns low, nominal and high.

    Empty where the chip has no table for them.
    """
    names = [f"{rank}_{unit}" for rank in ("low", "nominal", "high")]
    rows = [{"part": part, **dict(zip(names, spread, strict=True))} for part, spread in (spreads or {}).items()]
    return _frame(rows, ["part"], columns=["part", *names]).astype(float)


def models_frame(result: SharedResult) -> pd.DataFrame:
    """Each model on a shared chip; index model: latencies in ms, missed deadlines, its share of the run."""
    cycles = result.totals.cycles or 1
    rows = [
        {
            "model": model.name,
            "streams": model.streams,
            **{f"frame_{name}_ms": value for name, value in model.frame_latency_ms},
            **{f"engine_{name}_ms": value for name, value in model.engine_latency_ms},
            "frames": len(model.frames.frame),
            "deadline_misses": model.deadline_misses,
            "share": model.totals.cycles / cycles,
            "calls": model.calls,
            "dram_bytes": model.totals.dram_bytes,
        }
        for model in result.models
    ]
    return _frame(rows, ["model"])


def model_blocks_frame(result: SharedResult) -> pd.DataFrame:
    """Share of the run in which each block worked for each model; index model, a column for each block."""
    cycles = result.totals.cycles or 1
    rows = [
        {"model": model.name, **{block: time.busy / cycles for block, time in model.blocks.items()}}
        for model in result.models
    ]
    return _frame(rows, ["model"])


def stream_frames_frame(result: SharedResult) -> pd.DataFrame:
    """Each frame of audio of each stream; index (model, stream, utterance, frame), in ms from the start of all.

    ``utterance``: its number in the trace. ``latency_ms``: as in ``frames_frame``.
    """
    rows = [
        {
            "model": model.name,
            "stream": stream,
            "utterance": utterance,
            "frame": frame,
            "arrival_ms": cycles_to_ms(arrival, result.clock_hz),
            "start_ms": cycles_to_ms(start, result.clock_hz),
            "end_ms": cycles_to_ms(end, result.clock_hz),
            "latency_ms": cycles_to_ms(end - arrival, result.clock_hz),
        }
        for model in result.models
        for stream, utterance, frame, arrival, start, end in zip(
            *(getattr(model.frames, column) for column in type(model.frames).model_fields), strict=True
        )
    ]
    return _frame(rows, ["model", "stream", "utterance", "frame"])


def _frame(rows: list[dict[str, Any]], index: list[str], columns: list[str] | None = None) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=columns).set_index(index)
