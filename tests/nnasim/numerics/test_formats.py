from __future__ import annotations

import pytest

from nnasim.numerics.formats import WEIGHT_LIMIT, highest, lowest, saturate
from tests.nnasim.numerics.checks import NUMPY_AND_TORCH, equal


@pytest.mark.parametrize(
    ("bits", "low", "high"), [(4, -8, 7), (8, -128, 127), (16, -32768, 32767), (48, -(2**47), 2**47 - 1)]
)
def test_limits_are_those_of_twos_complement(bits: int, low: int, high: int) -> None:
    assert (lowest(bits), highest(bits)) == (low, high)


@pytest.mark.parametrize("make", NUMPY_AND_TORCH)
def test_saturate_keeps_what_fits_and_stops_at_the_limit(make) -> None:
    equal(saturate(make([-129, -128, 0, 127, 128]), 8), [-128, -128, 0, 127, 127])


def test_weights_are_symmetric_so_that_minus_q_exists() -> None:
    assert {bits: limit for bits, limit in WEIGHT_LIMIT.items() if limit != highest(bits)} == {}
