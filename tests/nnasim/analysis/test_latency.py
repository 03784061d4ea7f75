"""Percentiles interpolate as numpy's; frames and user-perceived latency by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.analysis.latency import frame_period, percentile, percentiles
from nnasim.ir.trace import Utterance


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.sampled_from([0, 50, 90, 99, 100]))
def test_a_percentile_is_numpys(values: list[float], percent: int) -> None:
    assert percentile(values, percent) == pytest.approx(float(np.percentile(values, percent)))


def test_percentiles_are_named() -> None:
    assert percentiles([1.0, 2.0, 3.0]) == {"p50": 2.0, "p90": pytest.approx(2.8), "p99": pytest.approx(2.98)}


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


@pytest.mark.parametrize(("arrivals", "period"), [((0.03, 0.06, 0.09), 0.03), ((0.5,), 0.6), ((0.3, 0.3), 0.3)])
def test_a_frames_period_follows_from_the_arrivals(arrivals: tuple[float, ...], period: float) -> None:
    heard = Utterance(id="u", audio_seconds=0.6, arrivals=arrivals, call_graphs=("g",), call_frames=(0,))
    assert frame_period(heard) == pytest.approx(period)
