"""Shifts, roots and lengths of arrays are those of Python's integers."""

from __future__ import annotations

from math import isqrt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnasim.numerics.fixed_point import bit_length, integer_sqrt, shift_half_up


@given(st.integers(0, 2**34 - 1))
def test_integer_square_root_is_the_floor(x: int) -> None:
    assert integer_sqrt(np.array([x]))[0] == isqrt(x)


@given(st.integers(0, 2**61 - 1))
def test_bit_length_is_pythons(x: int) -> None:
    assert bit_length(np.array([x]))[0] == x.bit_length()


@given(st.integers(-(2**40), 2**40), st.integers(-20, 70))
def test_a_shift_rounds_half_up(x: int, by: int) -> None:
    expected = x << -by if by <= 0 else (x + (1 << (by - 1))) >> by
    assert shift_half_up(np.array([x]), np.array([by]))[0] == expected
