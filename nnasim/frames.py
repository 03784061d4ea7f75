"""Results as data frames: one row per thing, units in the column names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnasim.ir.explanation import Explanation, Figures
from nnasim.ir.result import SimResult, Spread
from nnasim.ir.shared import SharedResult, SharedWhatIf
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
    frame = _frame(rows, ["graph", "op"])
    return frame.loc[(frame["busy_ms"] + frame["stall_ms"]).sort_values(ascending=False, kind="stable").index]


def path_frame(explanation: Explanation, clock_hz: float) -> pd.DataFrame:
    """The parts of one frame's latency [ms], which add up to it; index (cause, layer)."""
    parts = explanation.path.parts if explanation.path else ()
    rows = [{"cause": part.cause, "layer": part.layer, "ms": cycles_to_ms(part.cycles, clock_hz)} for part in parts]
    return _frame(rows, ["cause", "layer"])


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
    return _frame([*base, *rows] if explanation.base else rows, ["limit"])


def on_cpu_frame(explanation: Explanation) -> pd.DataFrame:
    """Operations on the CPU: the reason, the time and the time of the hand-offs of each [ms]; index (graph, op)."""
    return _frame([op.model_dump() for op in explanation.cpu_ops], ["graph", "op"])


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
    return _frame(rows, ["field"])


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
    frame = _frame(rows, ["field"], columns=["field", "today", "eased_to", *figures, "refused"])
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
    return _frame(rows, ["utterance", "frame"])


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
    return _frame(rows, ["block"])


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
    return _frame(rows, ["utterance"])


def spreads_frame(spreads: Mapping[str, Spread] | None, unit: str) -> pd.DataFrame:
    """Figures that are known within a range, by part of the chip; index part, columns low, nominal and high.

    Empty if the chip has no table for them.
    """
    names = [f"{rank}_{unit}" for rank in ("low", "nominal", "high")]
    rows = [{"part": part, **dict(zip(names, spread, strict=True))} for part, spread in (spreads or {}).items()]
    return _frame(rows, ["part"], columns=["part", *names]).astype(float)


def waits_frame(result: SharedResult) -> pd.DataFrame:
    """The parts of a mean frame's latency of each model [ms], which add up to it; index (model, wait, of).

    ``wait``: "own calls", of a cause; "behind" the calls of another stream, of its model; "earlier frames" of the same
    stream; "loads" of resident weights; "turn or audio": no call ran.
    """
    rows = [
        {"model": model.name, "wait": wait, "of": of, "ms": cycles_to_ms(cycles, result.clock_hz) / (model.frames or 1)}
        for model in (result.explanation.models if result.explanation else ())
        for wait, of, cycles in (
            *(("own calls", cause, cycles) for cause, cycles in model.work.items()),
            *(("behind", name, cycles) for name, cycles in model.behind.items()),
            ("earlier frames", "", model.earlier),
            ("loads", "", model.loads),
            ("turn or audio", "", model.turn),
        )
    ]
    return _frame(rows, ["model", "wait", "of"], columns=["model", "wait", "of", "ms"])


def stream_waits_frame(result: SharedResult) -> pd.DataFrame:
    """How long a mean frame of each stream waited behind the calls of each other one [ms]; streams count from 0; index
    (model, stream, behind_model, behind_stream).
    """
    explained = result.explanation
    streams = explained.streams if explained else ()
    of_model = {model.name: model for model in result.models}
    frames = {model.name: model.frames for model in (explained.models if explained else ())}
    columns = ["model", "stream", "behind_model", "behind_stream"]
    rows = [
        {
            **dict(zip(columns, (own.model, own.stream, other.model, other.stream), strict=True)),
            "ms": cycles_to_ms(cycles, result.clock_hz) * of_model[own.model].streams / (frames[own.model] or 1),
        }
        for own in streams
        for maker, cycles in own.makers.items()
        for other in [streams[int(maker) - 1]]
    ]
    return _frame(rows, columns, columns=[*columns, "ms"])


def shared_what_ifs_frame(result: SharedResult) -> pd.DataFrame:
    """p50 and p99 [ms] of each model and energy [mJ] of the run, as it is and with each limit lifted; index (limit,
    model).

    ``changes``: fields of the chip, as ``NnaConfig.with_`` takes them; ``policy``: the other policy, if that is what
    changed; ``refused``: the reason if it could not run.
    """
    columns = ["limit", "model", "p50_ms", "p99_ms", "energy_mj", "changes", "policy", "refused"]
    explained = result.explanation
    base = [] if explained is None else [SharedWhatIf(limit="as it is", figures=explained.base)]
    rows = [
        {
            "limit": row.limit,
            "model": model.name,
            "p50_ms": row.figures and row.figures.p50_ms[place],
            "p99_ms": row.figures and row.figures.p99_ms[place],
            "energy_mj": row.figures and row.figures.energy_mj,
            "changes": row.changes,
            "policy": row.policy,
            "refused": row.refused,
        }
        for row in (*base, *(explained.what_ifs if explained else ()))
        for place, model in enumerate(result.models)
    ]
    return _frame(rows, ["limit", "model"], columns=columns)


def models_frame(result: SharedResult) -> pd.DataFrame:
    """Latencies [ms], missed deadlines and share of the run of each model on a shared chip; index model."""
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
    """The share of the run in which each block worked for each model; index model, a column for each block."""
    cycles = result.totals.cycles or 1
    rows = [
        {"model": model.name, **{block: time.busy / cycles for block, time in model.blocks.items()}}
        for model in result.models
    ]
    return _frame(rows, ["model"])


def stream_frames_frame(result: SharedResult) -> pd.DataFrame:
    """Arrival, start, end and latency of each frame of audio of each stream [ms], from the common start; index (model,
    stream, utterance, frame).

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
