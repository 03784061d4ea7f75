"""Integer layer norm: exact by its definition, near the real function, indifferent to scale and offset."""

from __future__ import annotations

from math import isqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.errors import NumericsError
from nnasim.numerics.layer_norm import LONGEST, layer_norm, quantise_gain, quantise_norm_bias
from tests.nnasim.numerics.checks import NUMPY_AND_TORCH, equal

ONES = 4096  # gain 1 at 2^-12


def half_up(value: int, shift: int) -> int:
    """value * 2^-shift, half up, in Python integers."""
    return value << -shift if shift <= 0 else (value + (1 << (shift - 1))) >> shift


def by_definition(x: list[int], gain: list[int]) -> list[int]:
    """The five steps of the module's text, in Python integers."""
    n, total = len(x), sum(x)
    centred = [n * v - total for v in x]
    exponent = max(abs(v) for v in centred).bit_length() - 15
    d = [min(half_up(v, exponent), 32767) for v in centred]
    variance = max(1, ((sum(v * v for v in d) << 14) + n // 2) // n)
    j = (variance.bit_length() - 29) // 2
    root = isqrt((1 << 60) // half_up(variance, 2 * j))
    return [min(max(half_up(a * g * root, 23 + j), -(2**31)), 2**31 - 1) for a, g in zip(d, gain, strict=True)]


def real(x: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Layer norm in float64, in output steps."""
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True)) * gain


vectors = st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=40)


@given(vectors, st.integers(0, 2**32 - 1))
def test_it_is_its_definition_in_every_library_and_type(x: list[int], seed: int) -> None:
    gain = np.random.default_rng(seed).integers(-32768, 32768, len(x))
    expected = by_definition(x, gain.tolist())
    for make in NUMPY_AND_TORCH:
        if make([0]).dtype.itemsize == 4:
            continue  # float32 does not hold any int32: its own test is below
        equal(layer_norm(make([x]), make(gain))[0], expected)


def test_float32_holds_a_gate_domain_of_24_bits() -> None:
    rng = np.random.default_rng(0)
    x, gain = rng.normal(0, 5000, (20, 256)).astype(np.int64), rng.integers(2000, 9000, 256)
    for make in NUMPY_AND_TORCH:
        out = layer_norm(make(x), make(gain))
        equal(out, layer_norm(x, gain))
        assert out.dtype == make([0]).dtype


@pytest.mark.parametrize("n", [2, 3, 64, 1000, 4096])
@pytest.mark.parametrize("spread", [3, 100, 4096, 10**6, 10**8])
@pytest.mark.parametrize("shape", ["normal", "spike", "two values"])
def test_the_error_against_float64_stays_within_the_stated_bound(n: int, spread: int, shape: str) -> None:
    rng = np.random.default_rng(n + spread)
    x = {
        "normal": rng.normal(7 * spread, spread, (50, n)),
        "spike": np.where(np.arange(n) == 0, spread * 20, rng.integers(-2, 3, (50, n))),
        "two values": rng.choice([-spread, spread + 1], (50, n)),
    }[shape].astype(np.int64)
    x = x[np.ptp(x, axis=-1) > 0]
    gain = rng.integers(-32768, 32768, n)
    expected, unit_gain = real(x, gain), np.abs(real(x, np.ones(n)))
    allowed = 0.5 + 2.0**-14 * (np.abs(expected) + np.abs(gain) * unit_gain.max(-1, keepdims=True))
    assert np.all(np.abs(layer_norm(x, gain) - expected) <= allowed)


def test_measured_on_gaussian_gates_it_is_within_two_steps_of_2_to_minus_12() -> None:
    x = np.random.default_rng(1).normal(0, 4096, (200, 1024)).astype(np.int64)
    gain = np.full(1024, ONES)
    error = np.abs(layer_norm(x, gain) - real(x, gain))
    assert error.max() < 1.1
    assert error.mean() < 0.3


@given(vectors, st.integers(-(2**20), 2**20), st.integers(0, 8))
def test_an_offset_or_a_power_of_two_changes_nothing(x: list[int], offset: int, shift: int) -> None:
    small, gain = np.array([x]) >> 12, np.full(len(x), ONES)
    equal(layer_norm((small << shift) + offset, gain), layer_norm(small, gain))


@pytest.mark.parametrize("value", [0, 5, -(2**31), 2**31 - 1])
@pytest.mark.parametrize("n", [1, 2, 4096])
def test_a_constant_vector_gives_zeros_and_not_an_error(value: int, n: int) -> None:
    equal(layer_norm(np.full((2, n), value), np.full(n, 32767)), np.zeros((2, n)))


def test_the_longest_vector_at_full_scale_stays_within_int64() -> None:
    x = np.where(np.arange(LONGEST) % 2, 2**31 - 1, -(2**31))[None]
    out = layer_norm(x, np.full(LONGEST, ONES))
    assert set(np.abs(out).ravel().tolist()) <= {ONES - 1, ONES, ONES + 1}
    spike = np.where(np.arange(LONGEST) == 0, 2**31 - 1, -(2**31))[None]
    assert abs(int(layer_norm(spike, np.full(LONGEST, ONES))[0, 0]) - 512 * ONES) <= 512 * ONES / 2**13


def test_gains_are_int16_at_2_to_minus_12() -> None:
    equal(quantise_gain(np.array([1.0, -0.5, 100.0])), [4096, -2048, 32767])


def test_biases_are_int32_at_2_to_minus_12() -> None:
    equal(quantise_norm_bias(np.array([1.0, -100.0, 1e9])), [4096, -409600, 2**31 - 1])


@given(vectors, st.integers(0, 2**32 - 1))
def test_a_bias_is_added_behind_the_rounding_and_saturates(x: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    gain, bias = rng.integers(-32768, 32768, len(x)), rng.integers(-(2**31), 2**31, len(x))
    plain = layer_norm(np.array([x]), gain)
    expected = [[min(max(int(y) + int(b), -(2**31)), 2**31 - 1) for y, b in zip(plain[0], bias, strict=True)]]
    for make in NUMPY_AND_TORCH:
        if make([0]).dtype.itemsize == 8:
            equal(layer_norm(make([x]), make(gain), bias=make(bias)), expected)


def test_the_axis_is_the_one_that_is_named() -> None:
    x, gain = np.random.default_rng(2).integers(-500, 500, (3, 5, 4)), np.arange(1000, 6000, 1000)
    for make in NUMPY_AND_TORCH:
        out = layer_norm(make(x), make(gain), axis=1)
        equal(out, layer_norm(x.swapaxes(1, 2), gain).swapaxes(1, 2))


class TestBadInput:
    def test_shapes(self) -> None:
        with pytest.raises(NumericsError, match=r"enc0\.norm_x: shape = "):
            layer_norm(np.zeros((2, 3), int), np.zeros(4, int), "enc0.norm_x")

    def test_a_bias_of_one_number_is_not_spread_over_all(self) -> None:
        with pytest.raises(NumericsError, match=r"enc0\.norm_x: bias = \(1,\): must have the shape \(3,\)"):
            layer_norm(np.zeros((2, 3), int), np.zeros(3, int), "enc0.norm_x", bias=np.zeros(1, int))

    def test_values_beyond_their_types_and_nan(self) -> None:
        good = np.zeros((1, 2), int)
        for x, gain, what in (
            (good + 2**31, good[0], "value"),
            (good, good[0] + 32768, "gain"),
            (np.array([[0.0, np.nan]]), good[0], "value"),
        ):
            with pytest.raises(NumericsError, match=rf"enc0\.norm_x: {what} = "):
                layer_norm(x, gain, "enc0.norm_x")

    def test_a_bias_beyond_int32(self) -> None:
        good = np.zeros((1, 2), int)
        with pytest.raises(NumericsError, match=r"enc0\.norm_x: bias = 2147483648: must be finite and fit int32"):
            layer_norm(good, good[0], "enc0.norm_x", bias=good[0] + 2**31)
