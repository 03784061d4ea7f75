"""One utterance in real time: backlog, deadlines, when it is closed, and what the user waits for.

Modelling assumptions. A frame's deadline is the arrival of the next one: it is missed when the frame's latency is
longer than a frame's period. The backlog at a frame's arrival counts the earlier frames whose last operation has not
ended. Frames after the closing one cost nothing that the user could notice.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from nnasim.analysis.latency import frame_period
from nnasim.ir.result import SimResult
from nnasim.ir.trace import Utterance
from nnasim.units import cycles_to_ms

Closed = Literal["endpointer", "audio_end", "early"]


@dataclass(frozen=True)
class Endpointer:
    """The rule that decides when speech has ended; a wait in milliseconds, rounded up to whole frames.

    ``trailing_blanks``: no symbol has left for ``wait_ms`` since the last one. ``fixed_wait``: ``wait_ms`` after the
    true end of speech (an ideal voice activity detector with a hang-over).
    """

    kind: Literal["trailing_blanks", "fixed_wait"] = "trailing_blanks"
    wait_ms: float = 480.0


@dataclass(frozen=True)
class FrameTimeline:
    """Frames of one utterance in milliseconds from its start: when the audio exists, when the last operation ends."""

    arrivals: tuple[float, ...]
    ends: tuple[float, ...]


@dataclass(frozen=True)
class RealTime:
    """One utterance. Times in milliseconds; ``upl_ms`` is the sum of ``parts``, None if the end of speech is unknown
    or the utterance was closed before it (``closed`` is ``early``).
    """

    id: str
    frame_latency_mean_ms: float
    frame_latency_worst_ms: float
    backlog_worst: int
    deadline_misses: int
    engine_latency_ms: float
    closed: Closed | None
    upl_ms: float | None
    parts: dict[str, float]


def timelines(result: SimResult) -> Iterator[FrameTimeline]:
    """The frames of each utterance of ``result``, in order."""
    frames = result.frames
    for index in range(len(result.utterances)):
        rows = slice(bisect_left(frames.utterance, index), bisect_right(frames.utterance, index))
        yield FrameTimeline(
            tuple(cycles_to_ms(cycle, result.clock_hz) for cycle in frames.arrival[rows]),
            tuple(cycles_to_ms(cycle, result.clock_hz) for cycle in frames.end[rows]),
        )


def real_time(utterance: Utterance, line: FrameTimeline, endpointer: Endpointer) -> RealTime:
    """The course of one utterance in real time; ``line`` has one entry per frame of ``utterance``."""
    latencies = [end - arrival for arrival, end in zip(line.arrivals, line.ends, strict=True)]
    period_ms = frame_period(utterance) * 1e3
    closed, parts = user_wait(utterance, line, endpointer)
    return RealTime(
        id=utterance.id,
        frame_latency_mean_ms=sum(latencies) / len(latencies),
        frame_latency_worst_ms=max(latencies),
        backlog_worst=max(backlog(line)),
        deadline_misses=sum(latency > period_ms for latency in latencies),
        engine_latency_ms=latencies[-1],
        closed=closed,
        upl_ms=sum(parts.values()) if parts else None,
        parts=parts,
    )


def backlog(line: FrameTimeline) -> list[int]:
    """The number of earlier frames that were not done when each frame arrived."""
    return [index - bisect_right(line.ends, at, hi=index) for index, at in enumerate(line.arrivals)]


def user_wait(
    utterance: Utterance, line: FrameTimeline, endpointer: Endpointer
) -> tuple[Closed | None, dict[str, float]]:
    """The reason why the utterance was closed, and the parts of the user-perceived latency [ms], which add up to it.

    ``chunk``: from the end of speech until the frame that holds it is complete (half a frame on average);
    ``emission_delay``: from there to the frame at which the last symbol left, 0 if it left before; ``endpointer``: from
    there to the closing frame; ``engine``: from the closing frame's audio to its last operation.
    """
    if utterance.speech_end is None:
        return None, {}
    spoken_ms = utterance.speech_end * 1e3
    speech = min(bisect_left(line.arrivals, spoken_ms), len(line.arrivals) - 1)
    last = max(speech, utterance.emissions[-1]) if utterance.emissions else speech
    closing, closed = closing_frame(utterance, line, endpointer)
    if closing < last:
        return "early", {}
    at = line.arrivals
    return closed, {
        "chunk": max(0.0, at[speech] - spoken_ms),
        "emission_delay": at[last] - at[speech],
        "endpointer": at[closing] - at[last],
        "engine": line.ends[closing] - at[closing],
    }


def closing_frame(utterance: Utterance, line: FrameTimeline, endpointer: Endpointer) -> tuple[int, Closed]:
    """The frame whose end gives the final hypothesis: the endpointer's, or the last one where audio ends before."""
    wait, final = endpointer.wait_ms - 1e-6, len(line.arrivals) - 1
    if endpointer.kind == "fixed_wait":
        spoken_ms = (utterance.speech_end or 0.0) * 1e3
        frame = bisect_left(line.arrivals, spoken_ms + wait)
        return (frame, "endpointer") if frame <= final else (final, "audio_end")
    for emission, following in pairwise([*utterance.emissions, final + 1]):
        frame = bisect_left(line.arrivals, line.arrivals[emission] + wait)
        if frame < following:
            return frame, "endpointer"
    return final, "audio_end"
