"""The completion of frames and utterances: frame latency, engine latency, user-perceived latency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from nnasim.ir.result import FrameTimes, UtteranceTimes
from nnasim.ir.run import StepRun
from nnasim.ir.trace import Utterance
from nnasim.units import cycles_to_ms, seconds_to_cycles


def frame_rows(index: int, arrivals: Sequence[int], runs: Sequence[StepRun]) -> Iterator[tuple[int, ...]]:
    """(utterance, frame, arrival, start, end) of each frame that did something; ``arrivals`` in cycles.

    A frame of a chunk starts with its chunk, and its latency counts from its own audio all the same.
    """
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for run in runs:
        for frame in range(run.step.frame, run.step.frame + run.step.frames):
            first.setdefault(frame, run.start)
            last[frame] = run.end
    for frame, start in first.items():
        yield index, frame, arrivals[frame], start, last[frame]


def frame_times(rows: Sequence[tuple[int, ...]]) -> FrameTimes:
    """Rows of ``frame_rows`` as columns."""
    columns = tuple(zip(*rows, strict=True)) if rows else ((),) * 5
    names = ("utterance", "frame", "arrival", "start", "end")
    return FrameTimes(**dict(zip(names, columns, strict=True)))


def utterance_times(
    utterance: Utterance, runs: Sequence[StepRun], clock_hz: float, endpointer_ms: float | None
) -> UtteranceTimes:
    """Engine latency, busy time and user-perceived latency (the sum of its shown parts) of one utterance.

    Engine latency counts from the arrival of the last frame to the end of the last operation.
    """
    done = runs[-1].end - seconds_to_cycles(utterance.arrivals[-1], clock_hz)
    engine_ms = cycles_to_ms(max(0, done), clock_hz)
    parts = _upl_parts(utterance, engine_ms, endpointer_ms)
    return UtteranceTimes(
        id=utterance.id,
        audio_seconds=utterance.audio_seconds,
        frames=len(utterance.arrivals),
        engine_latency_ms=engine_ms,
        busy_ms=cycles_to_ms(sum(run.run.cycles for run in runs), clock_hz),
        upl_ms=sum(parts.values()),
        upl_parts_ms=parts,
        last_frame=last_frame(utterance),
    )


def last_frame(utterance: Utterance) -> str:
    """The calls for the last frame of audio, such as "encoder, 2 joint, prediction": a frame that emits costs more.

    Engine latency is the latency of that frame, so utterances that end in different kinds have different ones.
    """
    last = utterance.call_frames[-1]
    ran = Counter(
        graph for graph, frame in zip(utterance.call_graphs, utterance.call_frames, strict=True) if frame == last
    )
    return ", ".join(graph if count == 1 else f"{count} {graph}" for graph, count in sorted(ran.items()))[:1000]


def _upl_parts(utterance: Utterance, engine_ms: float, endpointer_ms: float | None) -> dict[str, float]:
    """The known parts of the user-perceived latency, in milliseconds; unknown parts are left out, so that the sum
    begins after them.

    Speech ends on average half a frame before its frame is complete; the emission delay counts whole frames from that
    frame to the one at which the last token left, and is 0 when the tokens were out before speech ended.
    """
    period = frame_period(utterance)
    parts = {"half_chunk": period / 2 * 1e3}
    if utterance.speech_end is not None and utterance.emissions:
        frames_late = utterance.emissions[-1] - int(utterance.speech_end / period)
        parts["emission_delay"] = max(0, frames_late) * period * 1e3
    parts["engine"] = engine_ms
    if endpointer_ms is not None:
        parts["endpointer"] = endpointer_ms
    return parts


def frame_period(utterance: Utterance) -> float:
    """Seconds of audio that one frame brings."""
    arrivals = utterance.arrivals
    if len(arrivals) == 1:
        return utterance.audio_seconds
    return (arrivals[-1] - arrivals[0]) / (len(arrivals) - 1) or utterance.audio_seconds / len(arrivals)
