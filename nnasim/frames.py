"""Results as data frames: one row per thing, units in the column names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnasim.ir.explanation import Explanation, Figures
from nnasim.ir.result import SimResult, Spread
from nnasim.units import cycles_to_ms

if TYPE_CHECKING:
    import pandas as pd


def ops_frame(result: SimResult) -> pd.DataFrame:
    """The cost of each operation, highest first; index (graph, op).

    ``busy_ms``: time in which its block worked on it; ``stall_ms``: time in which its block waited for its data;
    ``dram_bytes``, ``macs``: bytes moved and multiply-accumulates computed for it; ``count``: executions.
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
    frame = indexed(rows, ["graph", "op"])
    return frame.loc[(frame["busy_ms"] + frame["stall_ms"]).sort_values(ascending=False, kind="stable").index]


def path_frame(explanation: Explanation, clock_hz: float) -> pd.DataFrame:
    """The parts of one frame's latency [ms], which add up to it; index (cause, layer)."""
    parts = explanation.path.parts if explanation.path else ()
    rows = [{"cause": part.cause, "layer": part.layer, "ms": cycles_to_ms(part.cycles, clock_hz)} for part in parts]
    return indexed(rows, ["cause", "layer"])


def what_ifs_frame(explanation: Explanation) -> pd.DataFrame:
    """Medians [ms], energy [mJ] and bottleneck of the run as it is, and with each limit lifted; index limit.

    ``changes``: fields of the chip, as ``NnaConfig.with_`` takes them; ``refused``: the reason if the changed chip
    could not run.
    """
    base = [{"limit": "as it is", "changes": {}, **_judged(explanation.base), "refused": None}]
    rows = [
        {"limit": w.limit, "changes": w.changes, **_judged(w.figures), "refused": w.refused}
        for w in explanation.what_ifs
    ]  # fmt: skip
    return indexed([*base, *rows] if explanation.base else rows, ["limit"])


def on_cpu_frame(explanation: Explanation) -> pd.DataFrame:
    """Operations on the CPU: the reason, the time and the time of the hand-offs of each [ms]; index (graph, op)."""
    return indexed([op.model_dump() for op in explanation.cpu_ops], ["graph", "op"])


def assumptions_frame(explanation: Explanation) -> pd.DataFrame:
    """Medians [ms], energy [mJ] and bottleneck at the low and the high end of each assumed number; index field."""
    rows = [
        {
            "field": swing.field,
            **{name: getattr(swing, name) for name in ("value", "low", "high", "stated")},
            **{f"{name}_at_low": value for name, value in _judged(swing.at_low).items()},
            **{f"{name}_at_high": value for name, value in _judged(swing.at_high).items()},
        }
        for swing in explanation.swings
    ]
    return indexed(rows, ["field"])


def words_frame(explanation: Explanation) -> pd.DataFrame:
    """Wrong words with one choice of the numerics relaxed at a time; index field, the largest saving first.

    ``saved``: how many fewer words are wrong, with the 95 % interval ``saved_low`` to ``saved_high`` over resampled
    utterances; NaN in a row that was ``refused``.
    """
    decoded = explanation.numerics_words
    fields = () if decoded is None else decoded.fields
    rows = [
        {
            "field": row.field,
            "today": row.today,
            "eased_to": row.eased,
            "wrong_words": row.errors,
            "saved": row.saved,
            "saved_low": None if row.interval is None else row.interval[0],
            "saved_high": None if row.interval is None else row.interval[1],
            "refused": row.refused,
        }
        for row in fields
    ]
    figures = ["wrong_words", "saved", "saved_low", "saved_high"]
    frame = indexed(rows, ["field"], columns=["field", "today", "eased_to", *figures, "refused"])
    return frame.astype(dict.fromkeys(figures, float)).sort_values("saved", ascending=False, kind="stable")


def _judged(figures: Figures | None) -> dict[str, Any]:
    """The figures that a run is judged by, as columns; None in each if nothing ran."""
    return dict.fromkeys(Figures.model_fields) if figures is None else figures.model_dump()


def frames_frame(result: SimResult) -> pd.DataFrame:
    """Arrival, start, end and latency of each frame of audio [ms], from the start of its utterance; index (utterance,
    frame).

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
    return indexed(rows, ["utterance", "frame"])


def blocks_frame(result: SimResult) -> pd.DataFrame:
    """Milliseconds in which each hardware block worked, waited for another block, and had nothing to do; index
    block.
    """
    rows = [
        {
            "block": name,
            "busy_ms": cycles_to_ms(time.busy, result.clock_hz),
            "stall_ms": cycles_to_ms(time.stall, result.clock_hz),
            "idle_ms": cycles_to_ms(time.idle, result.clock_hz),
        }
        for name, time in result.blocks.items()
    ]
    return indexed(rows, ["block"])


def utterances_frame(result: SimResult) -> pd.DataFrame:
    """Audio [s], latencies and processing time [ms] of each utterance; index id. A part that was not computed is
    missing.
    """
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
    return indexed(rows, ["utterance"])


def spreads_frame(spreads: Mapping[str, Spread] | None, unit: str) -> pd.DataFrame:
    """Figures that are known within a range, by part of the chip; index part, columns low, nominal and high.

    Empty if the chip has no table for them.
    """
    names = [f"{rank}_{unit}" for rank in ("low", "nominal", "high")]
    rows = [{"part": part, **dict(zip(names, spread, strict=True))} for part, spread in (spreads or {}).items()]
    return indexed(rows, ["part"], columns=["part", *names]).astype(float)


def indexed(rows: list[dict[str, Any]], index: list[str], columns: list[str] | None = None) -> pd.DataFrame:
    """A frame of ``rows``. ``columns``: all of them, where there may be no row that names them."""
    import pandas as pd

    return pd.DataFrame(rows, columns=columns).set_index(index)
