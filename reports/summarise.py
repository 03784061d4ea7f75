"""The figures of a summary from simulation results: percentiles, ratios, gains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnasim import analysis
from nnasim.analysis.pooled import (
    engine_latencies_ms,
    frame_latencies_ms,
    processing_ms,
    real_time_factor,
    user_latencies_ms,
)
from nnasim.ir.result import SimResult
from reports.summary import Percentiles, SystemFigures
from reports.waits import waits_of


def percentiles(values: Sequence[float]) -> Percentiles | None:
    """p50, p90, p99 and mean of ``values``, in their unit; None if there are no values."""
    if not values:
        return None
    return Percentiles(**analysis.percentiles(values), mean=float(np.mean(values)))


def mac_utilisation(result: SimResult) -> float | None:
    """Multiply-accumulates of the NNA over those that its array could do while anything worked; None if not known."""
    possible = (result.peak_macs_per_cycle or 0) * _busy_cycles(result)
    return sum(op.macs for op in result.ops if op.unit == "nna") / possible if possible else None


def dram_share(result: SimResult) -> float | None:
    """Bytes from DRAM over those that its peak rate would bring while anything worked; None if not known."""
    dram = result.hardware.get("dram")
    rate = dram.get("bytes_per_second") if isinstance(dram, dict) else None
    seconds = _busy_cycles(result) / result.clock_hz
    if isinstance(rate, bool) or not isinstance(rate, int | float) or rate <= 0 or seconds <= 0:
        return None
    return result.totals.dram_bytes / (rate * seconds)


def _busy_cycles(result: SimResult) -> float:
    """Cycles in which any block worked, loading of resident weights included where the result has it."""
    return float(result.extra.busy_cycles or processing_ms(result) / 1e3 * result.clock_hz)


def figures(
    result: SimResult,
    *,
    wer: float | None = None,
    wer_ci: tuple[float, float] | None = None,
    errors: int | None = None,
) -> SystemFigures:
    """The figures of one system: cost from ``result``, accuracy as given (None if it was not scored)."""
    totals = result.totals
    return SystemFigures(
        wer=wer,
        wer_ci=wer_ci,
        errors=errors,
        engine_latency_ms=percentiles(engine_latencies_ms(result)),
        frame_latency_ms=percentiles(frame_latencies_ms(result)),
        upl_ms=percentiles(user_latencies_ms(result)),
        rtf=real_time_factor(result),
        nna_cycles=totals.nna_cycles,
        cpu_ms=totals.cpu_ms,
        handoffs=totals.handoffs,
        dram_bytes=totals.dram_bytes,
        energy_mj=totals.energy_mj,
        utterances=len(result.utterances),
        mac_utilisation=mac_utilisation(result),
        dram_share=dram_share(result),
        fallback=result.fallback,
        waits=waits_of(result),
    )
