"""Warnings about shapes or traces that no speech has: frames of microseconds, utterances of hours."""

from __future__ import annotations

from nnasim.ir.trace import OpTrace
from nnasim.magnitudes import Magnitude
from workloads.rnnt.shapes import RnntShape

FRAME = Magnitude(1, 30, 1000, "ms", (("s", 1e3), ("us", 1e-3)))
LENGTH = Magnitude(0, 5, 3600, "s", (("ms", 1e-3), ("us", 1e-6)))


def implausible_shape(shape: RnntShape) -> list[str]:
    """One line if a frame of ``shape`` is shorter or longer than any that speech is cut into."""
    return _said(FRAME.doubt("frame_ms", shape.frame_ms))


def implausible_trace(trace: OpTrace) -> list[str]:
    """One line each for the frames and for the length of the first utterance that has such."""
    frames = (
        FRAME.doubt(f"utterance {utterance.id}: a frame's time", 1e3 * utterance.arrivals[-1] / len(utterance.arrivals))
        for utterance in trace.utterances
    )
    lengths = (
        LENGTH.doubt(f"utterance {utterance.id}: audio_seconds", utterance.audio_seconds)
        for utterance in trace.utterances
    )
    return _said(next(filter(None, frames), None), next(filter(None, lengths), None))


def _said(*doubts: str | None) -> list[str]:
    return [doubt for doubt in doubts if doubt is not None]
