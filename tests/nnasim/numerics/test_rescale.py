"""Requantise: half towards plus infinity, 15 and 31 bits, single and double rounding, saturation last."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.errors import NumericsError
from nnasim.numerics.config import Rounding
from nnasim.numerics.rescale import EXACT_IN_FLOAT, IDENTITY, Rescale, power_of_two, requantise, rescale
from tests.nnasim.numerics import checks
from tests.nnasim.numerics.checks import ARRAYS, NUMPY_AND_TORCH, equal


def exact(value: int, mult: int, shift: int) -> int:
    """The rule in rational numbers."""
    return floor(Fraction(value * mult, 2**shift) + Fraction(1, 2))


def saturated(value: int) -> int:
    """Limited to int32."""
    return min(max(value, -(2**31)), 2**31 - 1)


mult15, mult31 = st.integers(2**14, 2**15 - 1), st.integers(2**30, 2**31 - 1)
shifts, int32, int48 = st.integers(2, 62), st.integers(-(2**31), 2**31 - 1), st.integers(-(2**47), 2**47 - 1)


class TestRounding:
    def test_a_tie_goes_towards_plus_infinity_on_either_side_of_zero(self) -> None:
        assert requantise(np.array([-3, -1, 1, 3]), power_of_two(-1), 8).tolist() == [-1, 0, 1, 2]

    def test_every_tie_at_every_power_of_two(self) -> None:
        checks.every_tie_at_powers_of_two()

    def test_every_int16_at_a_power_of_two_and_at_an_odd_multiplier(self) -> None:
        values = np.arange(-32768, 32768)
        for mult, shift in ((1 << 14, 18), (32767, 20), (20001, 22)):
            expected = checks.half_up(values * mult, 1 << shift)
            for make in NUMPY_AND_TORCH:
                equal(requantise(make(values), Rescale.checked(mult, shift, 15), 16), expected)

    @given(int48, mult15, shifts)
    def test_15_bits_are_exact_on_every_48_bit_value_in_integers_and_in_float64(self, value, mult, shift) -> None:
        scale = Rescale.checked(mult, shift, 15)
        for make in (np.int64, np.float64):
            assert requantise(np.array([make(value)]), scale, 32)[0] == saturated(exact(value, mult, shift))

    @given(int32, mult31, shifts)
    def test_31_bits_are_exact_on_every_32_bit_value_in_integers_and_in_float64(self, value, mult, shift) -> None:
        scale = Rescale.checked(mult, shift, 31)
        for make in (np.int64, np.float64):
            assert requantise(np.array([make(value)]), scale, 32)[0] == saturated(exact(value, mult, shift))

    def test_31_bits_do_not_go_through_float64(self) -> None:
        """The counter-example of the contract: floor(acc * real + 0.5) in float64 is wrong for it."""
        value, mult, shift = -834706927, 2102572301, 46
        scale = Rescale.checked(mult, shift, 31)
        assert rescale(np.array([float(value)]), scale)[0] == exact(value, mult, shift)
        assert np.floor(value * float(scale.real) + 0.5) != exact(value, mult, shift)

    @pytest.mark.parametrize("value", [EXACT_IN_FLOAT - 1, EXACT_IN_FLOAT, EXACT_IN_FLOAT + 1, 2**46 + 1])
    def test_beyond_2_to_37_float64_takes_the_integer_path(self, value: int) -> None:
        for mult, shift in ((32767, 2), (32767, 53), (16385, 17), (32767, 62)):
            requantised = requantise(np.array([float(value), -float(value)]), Rescale.checked(mult, shift, 15), 32)
            assert requantised.tolist() == [saturated(exact(v, mult, shift)) for v in (value, -value)]

    @given(int32, int32, mult15, shifts)
    def test_it_never_turns_order_around(self, a: int, b: int, mult: int, shift: int) -> None:
        low, high = rescale(np.array(sorted((a, b))), Rescale.checked(mult, shift, 15))
        assert low <= high


class TestDoubleRounding:
    @staticmethod
    def two_steps(value: int, mult: int, shift: int) -> int:
        """gemmlowp's way: a doubling high multiply rounded half away, then a right shift rounded half away."""
        product = value * mult
        nudge = 2**30 if product >= 0 else 1 - 2**30
        high = int(Fraction(product + nudge, 2**31))  # truncates, as the C division does
        right = shift - 31
        mask, threshold = 2**right - 1, (2**right - 1) // 2 + (1 if high < 0 else 0)
        return (high >> right) + (1 if high & mask > threshold else 0)

    @given(int32, mult31, st.integers(32, 60))
    def test_it_equals_gemmlowp(self, value: int, mult: int, shift: int) -> None:
        scale = Rescale.checked(mult, shift, 31, rounding=Rounding.DOUBLE)
        assert rescale(np.array([value]), scale)[0] == self.two_steps(value, mult, shift)

    @pytest.mark.parametrize("exponent", range(2, 8))
    def test_it_equals_gemmlowp_on_every_tie_of_either_sign(self, exponent: int) -> None:
        scale = Rescale.checked(1 << 30, 30 + exponent, 31, rounding=Rounding.DOUBLE)
        values = np.arange(-1000, 1001)
        equal(rescale(values, scale), [self.two_steps(int(v), 1 << 30, 30 + exponent) for v in values])

    def test_it_differs_from_single_rounding_just_below_a_tie(self) -> None:
        """2^-4 of 2^31 - 1 halves: the first rounding lifts what the second then takes for a tie."""
        values = np.array([-8, 7, 8])
        mult, shift = (1 << 31) - 1, 35
        single, double = (rescale(values, Rescale.checked(mult, shift, 31, rounding=r)) for r in Rounding)
        assert (single.tolist(), double.tolist()) == ([0, 0, 0], [-1, 0, 1])

    def test_without_a_right_shift_of_the_product_both_are_one(self) -> None:
        values = np.arange(-1000, 1000)
        scales = [Rescale.checked(2**30 + 12345, 31, 31, rounding=rounding) for rounding in Rounding]
        equal(rescale(values, scales[0]), rescale(values, scales[1]))


class TestSaturationAndZeroPoint:
    def test_saturation_never_wraps(self) -> None:
        checks.saturation_at_every_width()

    def test_the_zero_point_is_added_before_saturation(self) -> None:
        assert requantise(np.array([120, -120]), power_of_two(0), 8, zero_point=10).tolist() == [127, -110]

    def test_channels_lie_on_the_last_axis(self) -> None:
        scale = Rescale.of(np.array([1.0, 0.5, 0.25]))
        for make in NUMPY_AND_TORCH:
            equal(requantise(make([[4, 4, 4], [8, 8, 8]]), scale, 8), [[4, 2, 1], [8, 4, 2]])

    def test_rows_reorders_channels_and_leaves_a_single_scale_alone(self) -> None:
        assert Rescale.of(np.array([1.0, 0.5])).rows(np.array([1, 0])).real.tolist() == [0.5, 1.0]
        assert power_of_two(-1).rows(np.array([1, 0])).real == 0.5

    def test_channels_may_lie_along_any_axis(self) -> None:
        scale, x = Rescale.of(np.array([1.0, 0.5])), np.full((2, 3, 2), 10)
        equal(requantise(x, scale.along(0, 3), 8), np.stack([x[0], x[1] // 2]))
        equal(requantise(x, scale.along(2, 3), 8), requantise(x, scale, 8))
        assert IDENTITY.along(0, 3) is IDENTITY


class TestOf:
    @given(st.floats(1e-9, 8000.0), st.sampled_from([15, 31]))
    def test_it_is_the_nearest_scale_of_its_format(self, real: float, bits: int) -> None:
        scale = Rescale.of(real, bits)
        assert 2 ** (bits - 1) <= scale.mult < 2**bits
        assert abs(float(scale.real) / real - 1) <= 2.0**-bits

    def test_a_mantissa_that_rounds_up_to_the_next_power_of_two_stays_in_format(self) -> None:
        scale = Rescale.of(1.0 - 2.0**-20)
        assert (int(scale.mult), float(scale.real)) == (1 << 14, 1.0)

    @pytest.mark.parametrize("exponent", [-40, -12, -1, 0, 7])
    def test_powers_of_two_are_exact(self, exponent: int) -> None:
        assert power_of_two(exponent).real == 2.0**exponent


class TestForbidden:
    @pytest.mark.parametrize("real", [0.0, -1.0, float("nan"), float("inf")])
    def test_a_scale_is_finite_and_positive(self, real: float) -> None:
        with pytest.raises(NumericsError, match=r"enc0.x: scale = .*: must be finite and positive"):
            Rescale.of(real, name="enc0.x")

    @pytest.mark.parametrize("real", [2.0**14, 2.0**-49])
    def test_a_shift_out_of_range_is_named(self, real: float) -> None:
        with pytest.raises(NumericsError, match=r"enc0.x: shift = -?\d+: must be 2\.\.62"):
            Rescale.of(real, name="enc0.x")

    @pytest.mark.parametrize(("mult", "bits"), [((1 << 14) - 1, 15), (1 << 15, 15), (1 << 14, 31), (1 << 31, 31)])
    def test_a_multiplier_uses_all_its_bits(self, mult: int, bits: int) -> None:
        with pytest.raises(NumericsError, match=r"mult = \d+: must be \d+\.\.\d+"):
            Rescale.checked(mult, 30, bits)

    def test_other_widths_and_fractions_are_refused(self) -> None:
        with pytest.raises(NumericsError, match="multiplier bits = 16: must be 15 or 31"):
            Rescale.checked(1 << 15, 30, 16)
        with pytest.raises(NumericsError, match="must be integers"):
            Rescale.checked(np.array(16384.5), np.array(30), 15)

    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_a_value_that_is_no_number_is_refused(self, value: float) -> None:
        for make in ARRAYS:
            with pytest.raises(NumericsError, match=r"requantise: value = .*must be finite"):
                requantise(make(np.array([0.0, value])), power_of_two(-1), 8)

    def test_31_bits_meet_at_most_int32_and_15_bits_at_most_int48(self) -> None:
        for bits, value in ((31, 2**31), (15, 2**47)):
            with pytest.raises(NumericsError, match=f"with a {bits}-bit multiplier"):
                rescale(np.array([value]), Rescale.of(0.5, bits))

    def test_float32_is_refused_where_it_cannot_hold_the_result(self) -> None:
        """2^24 + 1 has no float32: the gate domain would be rounded in silence."""
        with pytest.raises(NumericsError, match=r"result = 16777218.*float32"):
            requantise(np.array([(1 << 23) + 1], np.float32), power_of_two(1), 32)
        assert requantise(np.array([1 << 23], np.float32), power_of_two(1), 32)[0] == 1 << 24
