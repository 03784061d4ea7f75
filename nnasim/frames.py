"""Results as data frames: one row per thing, units in the column names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnasim.ir.result import SimResult, Spread
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


def _frame(rows: list[dict[str, Any]], index: list[str], columns: list[str] | None = None) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=columns).set_index(index)
