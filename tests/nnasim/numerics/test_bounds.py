"""Bounds: never under a true partial sum; float32 exactly where they say so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnasim.errors import NumericsError
from nnasim.numerics.bounds import bound, exact_type, requantised_reach, require_no_overflow
from nnasim.numerics.formats import WEIGHT_LIMIT, highest, lowest
from nnasim.numerics.rescale import Rescale, requantise

widths = st.sampled_from([(8, 4), (8, 8), (16, 8), (16, 16)])


def operands(draw_from: st.DataObject, k: int, input_bits: int, weight_bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Any input row and any two weight rows of the given widths."""
    limit = WEIGHT_LIMIT[weight_bits]
    x = draw_from.draw(hnp.arrays(np.int64, k, elements=st.integers(lowest(input_bits), highest(input_bits))))
    return x, draw_from.draw(hnp.arrays(np.int64, (2, k), elements=st.integers(-limit, limit)))


class TestNeverUnderTheTruth:
    @given(st.data(), st.integers(1, 40), widths, st.integers(0, 2**20))
    @settings(max_examples=50)
    def test_no_partial_sum_passes_either_bound(self, data, k: int, bits: tuple[int, int], offset: int) -> None:
        x, weight = operands(data, k, *bits)
        bias = np.array([offset, -offset])
        limit = bound("layer", k, *bits, 48, weight, bias)
        partial = np.abs(np.cumsum(x * weight, axis=1)).max()
        assert partial <= limit.worst_by_bits
        assert np.abs(np.cumsum(x * weight, axis=1) + bias[:, None]).max() <= limit.worst_by_weights

    @given(st.data(), st.integers(1, 40), widths)
    @settings(max_examples=30)
    def test_the_worst_input_reaches_the_bound_by_weights(self, data, k: int, bits: tuple[int, int]) -> None:
        weight = operands(data, k, *bits)[1]
        worst = lowest(bits[0]) * np.sign(weight)  # -2^(b-1) exists, +2^(b-1) does not: one sign of it is reached
        limit = bound("layer", k, *bits, 48, weight)
        assert np.abs((worst * weight).sum(1)).max() == limit.worst_by_weights


class TestFloatType:
    @pytest.mark.parametrize(("k", "chosen"), [(1, "float32"), (1032, "float32"), (1033, "float64"), (4096, "float64")])
    def test_int8_by_int8_fits_float32_up_to_k_1032(self, k: int, chosen: str) -> None:
        assert bound("layer", k, 8, 8, 32).float_type == chosen

    @pytest.mark.parametrize(("bits", "k"), [((8, 4), 18724), ((16, 8), 4), ((16, 16), 0)])
    def test_the_last_k_of_float32_for_the_other_widths(self, bits: tuple[int, int], k: int) -> None:
        assert bound("layer", k + 1, *bits, 48).float_type == "float64"
        assert k == 0 or bound("layer", k, *bits, 48).float_type == "float32"

    def test_a_bias_takes_its_share(self) -> None:
        assert bound("layer", 1032, 8, 8, 32, bias=np.array([100, -384 - 640])).float_type == "float32"
        assert bound("layer", 1032, 8, 8, 32, bias=np.array([100, -1025])).float_type == "float64"

    @pytest.mark.parametrize(("bits", "k"), [((8, 8), 1032), ((8, 4), 18724), ((16, 8), 4)])
    def test_float32_is_exact_at_the_bound_on_same_sign_data(self, bits: tuple[int, int], k: int) -> None:
        """Full scale, one sign, each possible last product: the hardest sums that the bound allows."""
        limit = WEIGHT_LIMIT[bits[1]]
        x = np.full((3, k), lowest(bits[0]))
        x[1:, -1] = (1, -1)
        weight = np.full((1, k), -limit)
        single = x.astype(np.float32) @ weight.astype(np.float32).T
        np.testing.assert_array_equal(single.astype(np.int64), x @ weight.T)

    def test_float32_is_wrong_beyond_the_bound_on_same_sign_data(self) -> None:
        k = 2047
        x, weight = np.full((1, k), 127), np.full((1, k), 127)
        assert bound("layer", k, 8, 8, 32).float_type == "float64"
        single = x.astype(np.float32) @ weight.astype(np.float32).T
        assert int(single[0, 0]) != k * 127 * 127  # an odd sum beyond 2^24 has no float32

    def test_chunks_of_1024_are_exact_where_the_whole_is_not(self) -> None:
        limit, k = bound("layer", 4096, 8, 8, 32), 4096
        assert limit.chunk == 1032
        x, weight = np.full((1, k), -128, np.float32), np.full((1, k), -127, np.float32)
        chunked = sum((x[:, s : s + 1024] @ weight[:, s : s + 1024].T).astype(np.float64) for s in range(0, k, 1024))
        assert int(chunked[0, 0]) == k * 128 * 127

    def test_beyond_float64_there_is_no_type(self) -> None:
        assert exact_type(2**24) == "float32"
        assert exact_type(2**24 + 1) == exact_type(2**53) == "float64"
        with pytest.raises(NumericsError, match=r"enc0\.x: largest partial sum = .*2\^53"):
            exact_type(2**53 + 1, "enc0.x")


class TestOverflow:
    def test_k_beyond_the_accumulator_names_layer_and_k(self) -> None:
        limit = bound("enc0.x", 200_000, 8, 8, 32)
        assert limit.can_overflow
        with pytest.raises(NumericsError, match=r"enc0\.x: accumulator = 3251200000: K = 200000 can overflow 32 bits"):
            require_no_overflow(limit)

    def test_actual_weights_may_prove_what_bits_cannot(self) -> None:
        small = np.ones((2, 200_000), np.int64)
        limit = bound("enc0.x", 200_000, 8, 8, 32, small)
        assert limit.worst_by_bits > highest(32) >= limit.worst
        require_no_overflow(limit)

    def test_the_last_k_that_fits(self) -> None:
        k = highest(32) // (128 * 127)
        require_no_overflow(bound("layer", k, 8, 8, 32))
        assert bound("layer", k + 1, 8, 8, 32).can_overflow


@given(st.floats(1e-6, 100.0), st.integers(1, 1000))
def test_no_requantised_sum_passes_its_reach(real: float, k: int) -> None:
    limit, scale = bound("layer", k, 8, 8, 32), Rescale.of(np.array([real, real / 3]))
    worst = np.full((2, 2), limit.worst) * [[1], [-1]]
    assert np.abs(requantise(worst, scale, 32)).max() <= requantised_reach(limit, scale)
