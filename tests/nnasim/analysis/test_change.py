"""A change is in percent of what was before, a gain its opposite."""

import numpy as np
import pytest

from nnasim.analysis.change import change_pct, gain_pct


def test_a_change_is_in_percent_of_what_was_before() -> None:
    assert change_pct(4.0, 5.0) == 25.0
    assert gain_pct(4.0, 3.0) == 25.0
    assert np.array_equal(change_pct(np.array([1.0, 2.0]), np.array([2.0, 1.0])), [100.0, -50.0])


def test_no_change_is_no_minus_zero() -> None:
    assert str(gain_pct(3.0, 3.0)) == "0.0"
    assert pytest.approx(0) == change_pct(3.0, 3.0)
