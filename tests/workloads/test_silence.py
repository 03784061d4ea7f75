"""Silence behind an utterance is what decoding would have done in it."""

import pytest

from workloads.rnnt.builder import step_calls, symbolic_utterance
from workloads.rnnt.shapes import SHAPES
from workloads.rnnt.silence import with_silence

SHAPE = next(shape for shape in SHAPES.values() if shape.reduction > 1)


@pytest.mark.parametrize("frames", [4, 5])
def test_the_calls_are_those_of_a_longer_utterance_without_more_symbols(frames):
    whole = SHAPE.reduction * frames
    longer = with_silence(symbolic_utterance(SHAPE, whole, 2), SHAPE, SHAPE.reduction * SHAPE.frame_ms * 3 / 1e3)
    emitted = [0] * (frames + 3)
    for emission in longer.emissions:
        emitted[emission // SHAPE.reduction] += 1
    graphs, at = step_calls(SHAPE, emitted)
    assert (list(longer.call_graphs), list(longer.call_frames)) == (graphs, at)
    assert longer.arrivals == pytest.approx(
        [(n + 1) * SHAPE.frame_ms / 1e3 for n in range(whole + 3 * SHAPE.reduction)]
    )
    assert longer.audio_seconds == pytest.approx(longer.arrivals[-1])


def test_no_silence_changes_nothing():
    utterance = symbolic_utterance(SHAPE, 4 * SHAPE.reduction, 2)
    assert with_silence(utterance, SHAPE, 0.0) == utterance
