"""The times of all utterances and frames of one or more results together."""

from __future__ import annotations

from nnasim.ir.result import SimResult
from nnasim.units import cycles_to_ms


def engine_latencies_ms(*results: SimResult) -> list[float]:
    """Engine latency of each utterance [ms]."""
    return [utterance.engine_latency_ms for result in results for utterance in result.utterances]


def frame_latencies_ms(*results: SimResult) -> list[float]:
    """Frame latency of each frame [ms]: from the moment its audio exists to the end of its last operation."""
    return [
        cycles_to_ms(end - arrival, result.clock_hz)
        for result in results
        for arrival, end in zip(result.frames.arrival, result.frames.end, strict=True)
    ]


def user_latencies_ms(*results: SimResult) -> list[float]:
    """User-perceived latency of each utterance of which it is known [ms]."""
    return [utterance.upl_ms for result in results for utterance in result.utterances if utterance.upl_ms is not None]


def audio_seconds(*results: SimResult) -> float:
    """Length of all utterances [s]."""
    return sum(utterance.audio_seconds for result in results for utterance in result.utterances)


def processing_ms(*results: SimResult) -> float:
    """Time in which any block worked [ms]: waiting for audio is not in it."""
    return sum(utterance.busy_ms for result in results for utterance in result.utterances)


def real_time_factor(*results: SimResult) -> float | None:
    """Processing time over audio time; None without audio."""
    seconds = audio_seconds(*results)
    return processing_ms(*results) / 1e3 / seconds if seconds else None
