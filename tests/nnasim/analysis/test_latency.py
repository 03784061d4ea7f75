"""Frames and user-perceived latency by hand."""

import pytest

from nnasim.analysis.latency import frame_period
from nnasim.ir.trace import Utterance


@pytest.mark.parametrize(("arrivals", "period"), [((0.03, 0.06, 0.09), 0.03), ((0.5,), 0.6), ((0.3, 0.3), 0.3)])
def test_a_frames_period_follows_from_the_arrivals(arrivals: tuple[float, ...], period: float) -> None:
    utterance = Utterance(id="u", audio_seconds=0.6, arrivals=arrivals, call_graphs=("g",), call_frames=(0,))
    assert frame_period(utterance) == pytest.approx(period)
