"""Histograms: every value is counted once, wider bins lose none, and the range is the best of those that are tried."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.histogram import BINS, METHODS, SHARES, UNKNOWN_RANGE, Histogram, Method

FLOATS = st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=50)


def values(seed: int = 0, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=4000) * scale


@given(FLOATS)
def test_every_value_is_counted_once_and_lies_within_the_reach(numbers: list[float]) -> None:
    histogram = Histogram.of(np.array(numbers))
    assert histogram.counts.sum() == len(numbers)
    assert histogram.reach > max(map(abs, numbers))


@given(FLOATS, FLOATS)
def test_a_sum_is_the_histogram_of_all_values(some: list[float], more: list[float]) -> None:
    together, total = Histogram.of(np.array(some + more)), Histogram.of(np.array(some)) + Histogram.of(np.array(more))
    assert total.reach == together.reach
    np.testing.assert_array_equal(total.counts, together.counts)
    np.testing.assert_array_equal(Histogram.of(np.array(some)).with_values(np.array(more)).counts, together.counts)


def test_bins_become_wider_without_losing_a_count() -> None:
    narrow = Histogram.of(values(), 8.0)
    np.testing.assert_array_equal(narrow.widened(64.0).counts, Histogram.of(values().clip(-8, 7.999), 64.0).counts)
    assert narrow.widened(2.0**40).counts[BINS // 2 - 1 : BINS // 2 + 1].sum() == 4000


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bits", [8, 16])
def test_twice_the_values_have_twice_the_range(method: Method, bits: int) -> None:
    once, twice = Histogram.of(values()).range(method, bits), Histogram.of(values(scale=2.0)).range(method, bits)
    assert twice == 2 * once


def test_max_covers_all_and_percentile_leaves_an_outlier_outside() -> None:
    outlier = Histogram.of(np.append(np.linspace(-1, 1, 5000), 100.0))
    assert 100 < outlier.range("max", 8) <= 100 * (1 + 4 / BINS)
    assert 1 <= outlier.range("percentile", 8) < 1.2


def test_mse_takes_the_share_of_the_reach_that_a_count_by_hand_finds_best() -> None:
    sample = values(3)
    histogram = Histogram.of(sample)
    ranges = [histogram.reach * share for share in SHARES]
    errors = [np.mean((np.clip(np.floor(sample / (r / 128) + 0.5), -128, 127) * r / 128 - sample) ** 2) for r in ranges]
    assert histogram.range("mse", 8) == ranges[int(np.argmin(errors))]


def test_a_value_that_never_leaves_zero_has_a_range_all_the_same() -> None:
    assert Histogram.of(np.zeros(10)).range("mse", 8) == UNKNOWN_RANGE


def test_the_range_of_a_table_is_that_in_which_its_own_output_is_best() -> None:
    gates = Histogram.of(values(scale=0.5))
    chosen = gates.table_range("mse", "tanh", NumericsConfig(), 2.0**-12, 16)
    assert chosen in [gates.reach * share for share in SHARES]
    assert chosen < gates.reach
    assert gates.table_range("mse", "tanh", NumericsConfig(activation="lut16"), 2.0**-12, 16) == 8.0
    assert gates.table_range("mse", "tanh", NumericsConfig(activation_range=3.0), 2.0**-12, 16) == 3.0
