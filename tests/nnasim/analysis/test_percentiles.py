"""Percentiles interpolate as numpy's, bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.analysis import percentile, percentiles


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.sampled_from([0, 50, 90, 99, 100]))
def test_a_percentile_is_numpys(values: list[float], percent: int) -> None:
    assert percentile(values, percent) == float(np.percentile(values, percent))


def test_percentiles_are_named() -> None:
    assert percentiles([1.0, 2.0, 3.0]) == {"p50": 2.0, "p90": pytest.approx(2.8), "p99": pytest.approx(2.98)}


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)
