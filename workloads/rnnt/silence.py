"""Silence after a recording, as a microphone would have recorded."""

from __future__ import annotations

import math

from nnasim.ir.trace import Utterance
from workloads.rnnt.shapes import RnntShape


def with_silence(utterance: Utterance, shape: RnntShape, seconds: float) -> Utterance:
    """``utterance`` of a recogniser of ``shape``, followed by ``seconds`` in which no symbol leaves.

    So an endpointer can wait for longer than the recording lasts. For greedy decoding; symbols that a recogniser might
    wrongly emit in silence are left out.
    """
    period, speech_frames = shape.frame_ms / 1e3, len(utterance.arrivals)
    silent = range(speech_frames, speech_frames + math.ceil(seconds / period))
    calls = [(graph, frame) for frame in silent for graph in _calls(shape, frame)]
    arrivals = tuple(round(utterance.arrivals[-1] + (frame + 1 - speech_frames) * period, 9) for frame in silent)
    return utterance.model_copy(
        update={
            "arrivals": (*utterance.arrivals, *arrivals),
            "audio_seconds": max(utterance.audio_seconds, *utterance.arrivals[-1:], *arrivals),
            "call_graphs": (*utterance.call_graphs, *(graph for graph, _ in calls)),
            "call_frames": (*utterance.call_frames, *(frame for _, frame in calls)),
        }
    )


def _calls(shape: RnntShape, frame: int) -> tuple[str, ...]:
    """The calls of a frame without a symbol: the joint once for each encoder output, which its blank ends."""
    if (frame + 1) % shape.reduction:
        return ("encoder",)
    return ("encoder", "encoder_top", "joint") if shape.reduction > 1 else ("encoder", "joint")
