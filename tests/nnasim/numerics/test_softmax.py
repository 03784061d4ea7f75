"""Integer softmax: exact by its definition, near the real function, indifferent to an offset."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.errors import NumericsError
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.rescale import Rescale
from nnasim.numerics.softmax import LONGEST, POWERS, require_powers, softmax, softmax_scale
from tests.nnasim.numerics.checks import NUMPY_AND_TORCH, equal

CONFIG = NumericsConfig()


def half_up(value: int, shift: int) -> int:
    """value * 2^-shift, half up, in Python integers."""
    return (value + (1 << (shift - 1))) >> shift if shift else value


def by_definition(x: list[int], scale: Rescale, bits: int) -> list[int]:
    """The six steps of the module's text, in Python integers."""
    table = [half_up(int(2**60 * 2 ** (-i / 128)), 46) for i in range(129)]
    powers = []
    for value in x:
        distance = min((max(x) - value) * 256, 2**31 - 1)
        halvings = min(half_up(distance * int(scale.mult), int(scale.shift)), 2**31 - 1)
        k, i, f = halvings // 2**14, halvings % 2**14 // 128, halvings % 128
        powers.append(half_up((128 * table[i] + (table[i + 1] - table[i]) * f) * 2**9, k))
    inverse = 2**61 // sum(powers)
    return [min(half_up(e * inverse, 62 - bits), (1 << (bits - 1)) - 1) for e in powers]


def real(x: np.ndarray, scale: Rescale) -> np.ndarray:
    """Softmax in float64 of integers worth what ``scale`` says."""
    step = float(scale.real) / math.log2(math.e) / 2**6
    e = np.exp((x - x.max(-1, keepdims=True)) * step)
    return e / e.sum(-1, keepdims=True)


values = st.integers(-128, 127) | st.integers(-32768, 32767) | st.integers(-(2**31), 2**31 - 1)


@given(st.lists(values, min_size=1, max_size=30), st.floats(2.0**-14, 80.0), st.sampled_from([8, 16, 32]))
def test_it_is_its_definition_in_every_library_and_type(x: list[int], step: float, bits: int) -> None:
    scale = softmax_scale(step, CONFIG)
    expected = by_definition(x, scale, bits)
    for make in NUMPY_AND_TORCH:
        if make([0]).dtype.itemsize == 8:
            equal(softmax(make([x]), scale, bits)[0], expected)
        elif bits < 32:
            narrow = [min(max(v, -(2**23)), 2**23) for v in x]
            equal(softmax(make([narrow]), scale, bits)[0], by_definition(narrow, scale, bits))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("n", [2, 3, 10, 100, 5000])
@pytest.mark.parametrize("step", [1 / 4096, 0.01, 0.1, 0.5, 3.0, 80.0])
@pytest.mark.parametrize("input_bits", [8, 16])
def test_the_error_against_float64_stays_within_the_stated_bound(
    bits: int, n: int, step: float, input_bits: int
) -> None:
    rng = np.random.default_rng(n)
    x = rng.integers(-(1 << (input_bits - 1)), 1 << (input_bits - 1), (40, n))
    scale = softmax_scale(step, CONFIG)
    expected = np.minimum(real(x, scale) * 2 ** (bits - 1), 2 ** (bits - 1) - 1)
    assert np.abs(softmax(x, scale, bits) - expected).max() <= 0.5 + 1.5 * 2.0 ** (bits - 16)


def test_measured_at_every_distance_of_two_elements_16_bits_are_wrong_by_less_than_one_step() -> None:
    distance = np.arange(256)
    x, worst = np.stack([distance, 0 * distance], -1), 0.0
    for step in np.linspace(0.0003, 0.05, 200):
        scale = softmax_scale(step, CONFIG)
        worst = max(worst, np.abs(softmax(x, scale, 16) - real(x, scale) * 2**15).max())
    assert 0.9 < worst < 1.0


@given(st.lists(st.integers(-30000, 30000), min_size=2, max_size=9), st.integers(-2000, 2000))
def test_an_offset_changes_nothing(x: list[int], offset: int) -> None:
    scale = softmax_scale(0.01, CONFIG)
    equal(softmax(np.array(x) + offset, scale, 16), softmax(np.array(x), scale, 16))


def test_the_axis_is_the_one_that_is_named() -> None:
    x, scale = np.random.default_rng(0).integers(-100, 100, (3, 4, 5)), softmax_scale(0.05, CONFIG)
    for make in NUMPY_AND_TORCH:
        out = softmax(make(x), scale, 16, axis=1)
        assert out.dtype == make([0]).dtype
        equal(out, softmax(x.swapaxes(1, 2), scale, 16).swapaxes(1, 2))


def test_one_saturates_and_equals_share() -> None:
    scale = softmax_scale(1.0, CONFIG)
    equal(softmax(np.array([[5], [0]]), scale, 8), [[127], [127]])
    equal(softmax(np.array([7, 7, 7, 7, -120]), scale, 8), [32, 32, 32, 32, 0])


def test_the_longest_vector_sums_to_one_within_its_rounding() -> None:
    out = softmax(np.zeros((1, LONGEST), np.int64), softmax_scale(1.0, CONFIG), 32)
    assert set(out.ravel().tolist()) == {2**31 // LONGEST}


def test_31_bit_multipliers_serve_as_well() -> None:
    x, scale = np.arange(-100, 100)[None], softmax_scale(0.05, NumericsConfig(multiplier_bits=31))
    assert np.abs(softmax(x, scale, 16) - real(x, scale) * 2**15).max() <= 2.0


class TestBadInput:
    def test_a_vector_that_is_too_long(self) -> None:
        with pytest.raises(NumericsError, match=r"a\.softmax: shape = \(1, 65537\): must have at most 65,536 elements"):
            softmax(np.zeros((1, LONGEST + 1), np.int64), softmax_scale(1.0, CONFIG), 8, name="a.softmax")

    @pytest.mark.parametrize("bad", [np.nan, np.inf, 2.0**31])
    def test_values_beyond_int32_and_nan(self, bad: float) -> None:
        with pytest.raises(NumericsError, match=r"a\.softmax: value = .*must be finite and fit int32"):
            softmax(np.array([0.0, bad]), softmax_scale(1.0, CONFIG), 8, name="a.softmax")

    def test_a_step_that_no_scale_holds(self) -> None:
        with pytest.raises(NumericsError, match=r"a\.softmax: shift = 1: must be 2\.\.62"):
            softmax_scale(90.0, CONFIG, "a.softmax")

    def test_stored_powers(self) -> None:
        require_powers(POWERS, "a.softmax")
        for table, message in (
            (POWERS[1:], r"table = \(128,\): softmax needs 129 entries"),
            (POWERS * 4, r"table = 65536: must fit int16"),
            (POWERS - 8192, r"table = 0: must be positive"),
        ):
            with pytest.raises(NumericsError, match=rf"a\.softmax: {message}"):
                require_powers(table, "a.softmax")
