"""Results of several models or streams as data frames: one row per thing, units in the column names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnasim.frames import indexed
from nnasim.ir.shared import SharedResult, SharedWhatIf
from nnasim.units import cycles_to_ms

if TYPE_CHECKING:
    import pandas as pd


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
    return indexed(rows, ["model"])


def blocks_frame(result: SharedResult) -> pd.DataFrame:
    """The share of the run in which each block worked for each model; index model, a column for each block."""
    cycles = result.totals.cycles or 1
    rows = [
        {"model": model.name, **{block: time.busy / cycles for block, time in model.blocks.items()}}
        for model in result.models
    ]
    return indexed(rows, ["model"])


def frames_frame(result: SharedResult) -> pd.DataFrame:
    """Arrival, start, end and latency of each frame of audio of each stream [ms], from the common start; index (model,
    stream, utterance, frame).

    ``utterance``: its number in the trace. ``latency_ms``: from the moment the frame's audio exists to the end of its
    last operation.
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
    return indexed(rows, ["model", "stream", "utterance", "frame"])


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
    return indexed(rows, ["model", "wait", "of"], columns=["model", "wait", "of", "ms"])


def streams_frame(result: SharedResult) -> pd.DataFrame:
    """The time that a mean frame of each stream waited behind calls of each other one [ms]; streams count from 0; index
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
    return indexed(rows, columns, columns=[*columns, "ms"])


def what_ifs_frame(result: SharedResult) -> pd.DataFrame:
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
    return indexed(rows, ["limit", "model"], columns=columns)
