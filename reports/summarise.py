"""From simulation results to the figures of a summary: percentiles, ratios, gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nnasim.ir.result import SimResult
from nnasim.units import cycles_to_ms
from reports.summary import Gain, Percentiles, SystemFigures


def percentiles(values: Sequence[float]) -> Percentiles | None:
    """p50, p90 and p99 with linear interpolation between order statistics; None of nothing."""
    if not values:
        return None
    p50, p90, p99 = (float(p) for p in np.percentile(np.asarray(values, dtype=np.float64), [50, 90, 99]))
    return Percentiles(p50=p50, p90=p90, p99=p99)


def engine_latencies_ms(result: SimResult) -> list[float]:
    """Engine latency of each utterance [ms]."""
    return [utterance.engine_latency_ms for utterance in result.utterances]


def frame_latencies_ms(result: SimResult) -> list[float]:
    """Frame latency of each frame [ms]: from the moment its audio exists to the end of its last operation."""
    frames = result.frames
    return [
        cycles_to_ms(end - arrival, result.clock_hz) for arrival, end in zip(frames.arrival, frames.end, strict=True)
    ]


def audio_seconds(result: SimResult) -> float:
    """Length of all utterances [s]."""
    return sum(utterance.audio_seconds for utterance in result.utterances)


def processing_ms(result: SimResult) -> float:
    """Time in which any block worked [ms]: waiting for audio is not in it."""
    return sum(utterance.busy_ms for utterance in result.utterances)


def real_time_factor(result: SimResult) -> float | None:
    """Processing time over audio time; None without audio."""
    seconds = audio_seconds(result)
    return processing_ms(result) / 1e3 / seconds if seconds else None


def figures(
    result: SimResult,
    *,
    wer: float | None = None,
    wer_ci: tuple[float, float] | None = None,
    errors: int | None = None,
) -> SystemFigures:
    """The figures of one system: cost from ``result``, accuracy as given (None where it was not scored)."""
    totals = result.totals
    return SystemFigures(
        wer=wer,
        wer_ci=wer_ci,
        errors=errors,
        engine_latency_ms=percentiles(engine_latencies_ms(result)),
        frame_latency_ms=percentiles(frame_latencies_ms(result)),
        upl_ms=percentiles([u.upl_ms for u in result.utterances if u.upl_ms is not None]),
        rtf=real_time_factor(result),
        nna_cycles=totals.nna_cycles,
        cpu_ms=totals.cpu_ms,
        handoffs=totals.handoffs,
        dram_bytes=totals.dram_bytes,
        energy_mj=totals.energy_mj,
    )


def gain(systems: Mapping[str, SystemFigures], aat_better_than_naive: float | None = None) -> Gain:
    """What ``aat`` wins against ``cpu_fallback`` in latency and against ``naive`` in accuracy."""
    return Gain(
        engine_latency_pct=_latency_gain(systems.get("aat"), systems.get("cpu_fallback")),
        wer_recovered_pct=_recovered(systems),
        aat_better_than_naive=aat_better_than_naive,
    )


def _latency_gain(fast: SystemFigures | None, slow: SystemFigures | None) -> float | None:
    if not (fast and slow and fast.engine_latency_ms and slow.engine_latency_ms):
        return None
    if slow.engine_latency_ms.p50 <= 0:
        return None
    return 100 * (1 - fast.engine_latency_ms.p50 / slow.engine_latency_ms.p50)


def _recovered(systems: Mapping[str, SystemFigures]) -> float | None:
    rates = [systems[name].wer if name in systems else None for name in ("float", "naive", "aat")]
    if any(rate is None for rate in rates):
        return None
    reference, lossy, recovered = (rate for rate in rates if rate is not None)
    return 100 * (lossy - recovered) / (lossy - reference) if lossy > reference else None
