"""Real decodings on other shapes: a paper-sized recogniser on the same speech, with symbols at the same moments.

There are no trained weights of those sizes here. But the cost of an utterance depends on the shape and on WHEN symbols
leave the decoder, and that is taken from real decoding: every emission keeps its time in seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from nnasim.ir.trace import OpTrace, System, Utterance, placement_of
from nnasim.numerics.config import NumericsConfig
from workloads.rnnt.builder import build_graphs, step_calls
from workloads.rnnt.shapes import RnntShape


def retimed_trace(
    utterances: Sequence[Utterance], shape: RnntShape, system: System, numerics: NumericsConfig, pieces: int = 1
) -> OpTrace:
    """``utterances`` of a real decode as ``shape`` would have run them; ``pieces``: as ``retimed`` has it."""
    tensors, graphs = build_graphs(shape, numerics, system)
    return OpTrace(
        system=system,
        placement=placement_of(system),
        numerics=numerics,
        tensors=tensors,
        graphs=graphs,
        utterances=tuple(retimed(utterance, shape, pieces) for utterance in utterances),
        source={"shape": shape.name, "utterances": len(utterances), "weights": shape.weights},
    )


def retimed(utterance: Utterance, shape: RnntShape, pieces: int = 1) -> Utterance:
    """The same speech in frames of ``shape``; an emission moves to the first encoder output not before it.

    ``pieces``: symbols that each emission stands for (a word's pieces). The last leaves at the emission's own time and
    the others one encoder output apart before it, as far as there are any. Audio after the last whole encoder output is
    dropped, as in decoding.
    """
    period = shape.frame_ms / 1e3
    outputs = max(1, int(utterance.audio_seconds / (period * shape.reduction) + 1e-9))
    spoken = [
        min(outputs - 1, output_at(utterance.arrivals[frame], period * shape.reduction))
        for frame in utterance.emissions
    ]
    counts = Counter(max(0, output - earlier) for output in spoken for earlier in range(pieces))
    emitted = [counts[output] for output in range(outputs)]
    graphs, frames = step_calls(shape, emitted)
    total = outputs * shape.reduction
    return Utterance(
        id=utterance.id,
        audio_seconds=max(utterance.audio_seconds, total * period),
        arrivals=tuple(round((frame + 1) * period, 9) for frame in range(total)),
        call_graphs=tuple(graphs),
        call_frames=tuple(frames),
        emissions=tuple((output + 1) * shape.reduction - 1 for output, n in enumerate(emitted) for _ in range(n)),
        speech_end=utterance.speech_end,
    )


def output_at(seconds: float, period: float) -> int:
    """The first encoder output whose audio is complete at or after ``seconds``; one is complete every ``period``."""
    return max(0, -int(-(seconds - 1e-9) // period) - 1)
