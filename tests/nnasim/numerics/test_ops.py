"""Matrix products with their accumulator, element-wise operators, mean, embedding, argmax."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.errors import NumericsError
from nnasim.numerics import ops
from nnasim.numerics.rescale import Rescale, power_of_two
from tests.nnasim.numerics import checks
from tests.nnasim.numerics.checks import ARRAYS, NUMPY_AND_TORCH, WIDE, equal, half_up

MIN32, MAX32 = -(2**31), 2**31 - 1


def plain(x: np.ndarray, weight: np.ndarray) -> list[list[int]]:
    """The product in Python integers."""
    return [[sum(int(a) * int(b) for a, b in zip(row, column, strict=True)) for column in weight] for row in x]


class TestMatmul:
    @pytest.mark.parametrize(("input_bits", "weight_bits"), [(8, 8), (8, 4), (16, 8), (16, 16)])
    def test_it_is_the_plain_sum_of_products(self, input_bits: int, weight_bits: int) -> None:
        rng = np.random.default_rng(input_bits + weight_bits)
        x = rng.integers(-(1 << (input_bits - 1)), 1 << (input_bits - 1), (3, 40))
        weight = rng.integers(1 - (1 << (weight_bits - 1)), 1 << (weight_bits - 1), (5, 40))
        for make in NUMPY_AND_TORCH if input_bits + weight_bits <= 16 else WIDE:
            equal(ops.matmul(make(x), make(weight), accumulator_bits=48), plain(x, weight))

    def test_bias_is_added_in_the_accumulator_and_the_type_stays(self) -> None:
        for make in NUMPY_AND_TORCH:
            x = make([[1, 2]])
            out = ops.matmul(x, make([[3, 4], [5, 6]]), make([100, -100]))
            equal(out, [[111, -83]])
            assert out.dtype == x.dtype

    def test_a_vector_is_a_product_too(self) -> None:
        equal(ops.matmul(np.array([1, 2]), np.array([[3, 4], [5, 6]])), [11, 17])

    def test_a_weight_kept_in_float64_serves_integer_input(self) -> None:
        equal(ops.matmul(np.array([[1, 2]]), np.array([[3.0, 4.0]])), [[11]])

    def test_sums_are_exact_where_the_bound_says_so(self) -> None:
        checks.sums_are_exact_where_the_bound_says_so()


class TestBmm:
    @pytest.mark.parametrize("bits", [8, 16])
    def test_it_is_a_product_for_each_of_the_batch(self, bits: int) -> None:
        rng = np.random.default_rng(bits)
        a, b = (rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), (2, 3, *shape)) for shape in ((4, 9), (5, 9)))
        expected = [[plain(left, right) for left, right in zip(*rows, strict=True)] for rows in zip(a, b, strict=True)]
        for make in NUMPY_AND_TORCH if bits == 8 else WIDE:
            x, keys = make(a), make(b)
            out = ops.bmm(x, keys, transpose_b=True, accumulator_bits=48)
            assert out.dtype == x.dtype
            equal(out, expected)
            equal(ops.bmm(x, make(b.swapaxes(-1, -2)), accumulator_bits=48), expected)

    def test_it_saturates_after_every_product(self) -> None:
        a, b = np.full((2, 1, 4), 127), np.array([[127, 127, 127, -127], [-127, -127, -127, 127]])[:, None]
        out = ops.bmm(a, b, transpose_b=True, accumulator_bits=16, overflow="saturate")
        equal(out, [[[32767 - 127 * 127]], [[-32768 + 127 * 127]]])

    def test_it_wraps_and_it_refuses(self) -> None:
        one = np.full((1, 1, 1), 127)
        equal(ops.bmm(one, one, accumulator_bits=8, overflow="wrap"), [[[1]]])
        with pytest.raises(NumericsError, match=r"scores: accumulator = 16129\.0: overflows the chip's 8 bits"):
            ops.bmm(one, one, accumulator_bits=8, name="scores")


class TestOverflow:
    """16 products of -32768 x -32768 sum to 2^34: an int32 accumulator cannot hold them."""

    x, weight = np.full((1, 16), -32768), np.full((1, 16), -32768)

    def test_error_names_the_layer_and_the_value(self) -> None:
        with pytest.raises(NumericsError, match=r"enc0\.x: accumulator = 17179869184.*overflows the chip's 32 bits"):
            ops.matmul(self.x, self.weight, name="enc0.x")

    def test_a_48_bit_accumulator_holds_it(self) -> None:
        equal(ops.matmul(self.x, self.weight, accumulator_bits=48), [[2**34]])

    def test_saturate_stops_at_the_limit(self) -> None:
        equal(ops.matmul(self.x, self.weight, overflow="saturate"), [[MAX32]])

    def test_the_limits_themselves_are_no_overflow(self) -> None:
        ones, bias = np.array([[1]]), np.array([MAX32 - 1])
        equal(ops.matmul(ones, np.array([[1]]), bias), [[MAX32]])
        equal(ops.matmul(ones, np.array([[-1]]), -bias - 1), [[MIN32]])
        for weight, start in (([[2]], bias), ([[-2]], -bias - 1)):
            with pytest.raises(NumericsError, match="overflows"):
                ops.matmul(ones, np.array(weight), start)

    def test_48_bits_have_the_same_three_ways(self) -> None:
        ones, top = np.array([[1]]), np.array([2**47 - 1])
        equal(ops.matmul(ones, ones, top - 1, accumulator_bits=48), [top])
        equal(ops.matmul(ones, ones, top, accumulator_bits=48, overflow="wrap"), [[-(2**47)]])
        equal(ops.matmul(ones, ones, top, accumulator_bits=48, overflow="saturate"), [top])
        with pytest.raises(NumericsError, match=r"accumulator = 140737488355328.*48 bits"):
            ops.matmul(ones, ones, top, accumulator_bits=48)

    @given(st.lists(st.integers(-32768, 32767), min_size=8, max_size=8), st.integers(-(2**30), 2**30))
    def test_wrap_is_twos_complement(self, row: list[int], bias: int) -> None:
        weight = np.full((1, 8), 32767)
        exact = sum(v * 32767 for v in row) + bias
        expected = (exact + 2**31) % 2**32 - 2**31
        for make in WIDE:
            out = ops.matmul(make(np.array([row])), make(weight), make(np.array([bias])), overflow="wrap")
            equal(out, [[expected]])

    @given(st.lists(st.integers(-32768, 32767), min_size=8, max_size=8), st.integers(-(2**30), 2**30))
    def test_saturate_acts_after_every_product_in_the_order_of_k(self, row: list[int], bias: int) -> None:
        total = bias
        for value in row:
            total = min(max(total + value * 32767, MIN32), MAX32)
        for make in WIDE:
            x, weight = make(np.array([row])), make(np.full((1, 8), 32767))
            equal(ops.matmul(x, weight, make(np.array([bias])), overflow="saturate"), [[total]])

    @pytest.mark.parametrize("overflow", ["error", "wrap", "saturate"])
    def test_sums_that_fit_are_themselves_in_every_mode_and_type(self, overflow: str) -> None:
        """float32 too, where 1 + 2^31 would round the sum away."""
        for make in NUMPY_AND_TORCH:
            equal(ops.matmul(make([[1, -3]]), make([[5, 2]]), make([-1]), overflow=overflow), [[-2]])


class TestWhatBreaksExactness:
    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
    @pytest.mark.parametrize("overflow", ["error", "wrap", "saturate"])
    def test_nan_and_infinity_in_either_operand(self, bad: float, overflow: str) -> None:
        good = np.ones((1, 2))
        for make in ARRAYS:
            for x, weight in ((np.array([[1.0, bad]]), good), (good, np.array([[1.0, bad]]))):
                with pytest.raises(NumericsError, match=r"enc0\.h_mm: accumulator = .*must be finite"):
                    ops.matmul(make(x), make(weight), overflow=overflow, name="enc0.h_mm")

    def test_half_types(self) -> None:
        torch = pytest.importorskip("torch")
        for values in (torch.ones(1, 2, dtype=torch.bfloat16), torch.ones(1, 2).half(), np.ones((1, 2), np.float16)):
            with pytest.raises(NumericsError, match=r"element type = .*float16.*must be one of float32, float64"):
                ops.matmul(values, values)

    def test_autocast(self) -> None:
        torch = pytest.importorskip("torch")
        ones = torch.ones(1, 2)
        refused = pytest.raises(NumericsError, match=r"enc0\.x: autocast = 'torch.bfloat16': must be off")
        with torch.autocast("cpu", dtype=torch.bfloat16), refused:
            ops.matmul(ones, ones, name="enc0.x")
        equal(ops.matmul(ones, ones), [[2]])

    @pytest.mark.parametrize("mode", ["high", "medium"])
    def test_tf32_and_bfloat16_products(self, mode: str) -> None:
        torch = pytest.importorskip("torch")
        ones, before = torch.ones(1, 2), torch.get_float32_matmul_precision()
        try:
            torch.set_float32_matmul_precision(mode)
            with pytest.raises(NumericsError, match=f"float32 matmul precision = '{mode}'"):
                ops.matmul(ones, ones)
            equal(ops.matmul(ones.double(), ones.double()), [[2]])
        finally:
            torch.set_float32_matmul_precision(before)

    def test_a_float32_sum_or_bias_beyond_2_to_24(self) -> None:
        x, weight = np.full((1, 2048), 127, np.float32), np.full((1, 2048), 127, np.float32)
        with pytest.raises(NumericsError, match=r"accumulator = .*float32's exact 2\^24"):
            ops.matmul(x, weight)
        with pytest.raises(NumericsError, match=r"bias = 16777218"):
            ops.matmul(x[:, :1], -weight[:, :1], np.array([2**24 + 2], np.float32))


class TestElementWise:
    @given(st.integers(-32768, 32767), st.integers(-32768, 32767), st.integers(2**14, 2**15 - 1), st.integers(10, 40))
    def test_mul_requantises_the_exact_product(self, a: int, b: int, mult: int, shift: int) -> None:
        expected = min(max(int(half_up(np.array(a * b * mult), 1 << shift)), -32768), 32767)
        for make in NUMPY_AND_TORCH:
            equal(ops.mul(make([a]), make([b]), Rescale.checked(mult, shift, 15), 16), [expected])

    @given(st.integers(-128, 127), st.integers(-32768, 32767))
    def test_add_meets_in_a_common_domain_and_rounds_once_on_the_way_out(self, a: int, b: int) -> None:
        up_a, up_b, out = power_of_two(10), Rescale.checked(20000, 10, 15), power_of_two(-9)
        total = a * 1024 + int(half_up(np.array(b * 20000), 1024))
        expected = min(max(int(half_up(np.array(total), 512)), -32768), 32767)
        for make in NUMPY_AND_TORCH:
            equal(ops.add(make([a]), make([b]), up_a, up_b, out, 16), [expected])

    def test_add_saturates_operands_and_sum_to_int32(self) -> None:
        """Without it a 31-bit multiplier would meet 33 bits and leave int64."""
        up, down = power_of_two(12), Rescale.of(2.0**-1, 31)
        big = np.array([2**30, -(2**30)])
        equal(ops.add(big, big, up, up, down, 32), [2**30, -(2**30)])

    @given(st.integers(-128, 127), st.integers(-32768, 32767))
    def test_add_subtracts_where_it_is_told(self, a: int, b: int) -> None:
        up_a, up_b, out = power_of_two(10), Rescale.checked(20000, 10, 15), power_of_two(-9)
        total = a * 1024 - int(half_up(np.array(b * 20000), 1024))
        expected = min(max(int(half_up(np.array(total), 512)), -32768), 32767)
        for make in NUMPY_AND_TORCH:
            equal(ops.add(make([a]), make([b]), up_a, up_b, out, 16, subtract=True), [expected])

    @given(st.lists(st.integers(-32768, 32767), min_size=6, max_size=6), st.sampled_from([(0,), (1,), (0, 1)]))
    def test_a_mean_is_the_exact_sum_rounded_once(self, values: list[int], axes: tuple[int, ...]) -> None:
        x = np.array(values).reshape(2, 3)
        n = {(0,): 2, (1,): 3, (0, 1): 6}[axes]
        scale = Rescale.of(1 / n)
        expected = half_up(x.sum(axes) * int(scale.mult), 1 << int(scale.shift))
        for make in NUMPY_AND_TORCH:
            out = ops.mean(make(x), axes, scale, 16)
            assert out.dtype == make([0]).dtype
            equal(out, expected)

    def test_a_mean_of_float32_sums_beyond_its_mantissa(self) -> None:
        x = np.full(1024, 32767, np.float32)
        equal(ops.mean(x, (0,), power_of_two(-10), 16), 32767)

    def test_a_sum_that_the_multiplier_cannot_meet_is_refused(self) -> None:
        big = np.array([MAX32, MAX32])
        equal(ops.mean(big, (0,), Rescale.of(0.5), 32), MAX32)
        with pytest.raises(NumericsError, match=r"pool: value = 4294967294: must be finite and fit int32"):
            ops.mean(big, (0,), Rescale.of(0.5, 31), 32, "pool")

    def test_saturating_sum_of_int32_does_not_wrap(self) -> None:
        big = np.array([MAX32, MIN32], np.int32)
        equal(ops.saturating_sum(big, big, 16), [32767, -32768])
        equal(ops.saturating_sum(np.array([30000, 5]), np.array([-20000, 6]), 16), [10000, 11])


class TestEmbeddingAndArgmax:
    def test_rows_by_token_in_the_type_asked_for(self) -> None:
        rows = np.array([[1, 2], [3, 4], [5, 6]])
        for make in NUMPY_AND_TORCH:
            tokens = next(array([2, 0]) for array in ARRAYS if type(array([0])) is type(make([0])))
            out = ops.embedding(tokens, rows, make([0]))
            equal(out, [[5, 6], [1, 2]])
            assert out.dtype == make([0]).dtype

    @pytest.mark.parametrize("token", [-1, 3])
    def test_a_token_outside_the_vocabulary_is_refused(self, token: int) -> None:
        with pytest.raises(NumericsError, match=rf"embedding: token = {token}: must be 0\.\.2"):
            ops.embedding(np.array([token]), np.zeros((3, 2), int), np.array([0]))

    def test_argmax_takes_the_first_of_equals(self) -> None:
        for make in NUMPY_AND_TORCH:
            equal(ops.argmax(make([[1, 7, 7, 0], [5, 5, 5, 5]])), [1, 0])

    def test_argmax_works_along_any_axis(self) -> None:
        for make in NUMPY_AND_TORCH:
            equal(ops.argmax(make([[1, 7, 7, 0], [5, 5, 5, 5]]), 0), [1, 0, 0, 1])
