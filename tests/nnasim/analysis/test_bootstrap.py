import pytest

from nnasim.analysis.bootstrap import percentile_estimate, relative_change


def test_equal_values_leave_no_doubt() -> None:
    estimate = percentile_estimate([3.0] * 20, 90)
    assert (estimate.value, estimate.low, estimate.high) == (3.0, 3.0, 3.0)


def test_the_interval_holds_the_value_and_repeats() -> None:
    values = [float(n) for n in range(100)]
    estimate = percentile_estimate(values, 50)
    assert estimate.low < estimate.value == 49.5 < estimate.high
    assert estimate == percentile_estimate(values, 50)


def test_a_paired_change_has_no_noise_when_every_utterance_changes_alike() -> None:
    values = [float(n) for n in range(1, 50)]
    change = relative_change(values, [1.1 * value for value in values], 50)
    assert change is not None
    assert (change.value, change.low, change.high) == pytest.approx((10, 10, 10))


def test_a_change_from_nothing_is_no_percentage() -> None:
    assert relative_change([0.0, 0.0], [1.0, 1.0], 50) is None


def test_no_values_are_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile_estimate([], 50)
