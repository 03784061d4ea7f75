import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workloads.stepgraph.affine import Affine


@given(st.integers(-128, 127), st.floats(1e-4, 10), st.integers(-128, 127))
def test_an_integer_comes_back_from_the_real_that_it_stands_for(zero: int, scale: float, integer: int) -> None:
    affine = Affine((scale,), (zero,), 8)
    assert affine.integers(affine.reals(np.array([integer]))).tolist() == [integer]


def test_reals_are_saturated_and_halves_go_away_from_zero() -> None:
    affine = Affine((0.5,), (0,), 8)
    assert affine.integers(np.array([1000.0, -1000.0, 0.25, -0.25])).tolist() == [127, -128, 1, -1]


def test_scales_of_an_axis_meet_its_places() -> None:
    affine = Affine((1.0, 2.0), (0, 0), 8, axis=1)
    assert affine.reals(np.array([[3, 3], [4, 4]])).tolist() == [[3.0, 6.0], [4.0, 8.0]]
    assert affine.moved(0).reals(np.array([[3, 3], [4, 4]])).tolist() == [[3.0, 3.0], [8.0, 8.0]]


def test_a_shift_of_the_zero_point_spans_the_same_reals() -> None:
    signed, unsigned = Affine((0.1,), (-128,), 8), Affine((0.1,), (0,), 8, signed=False)
    assert signed.spans_as(unsigned)
    assert np.allclose(signed.span, (0, 25.5)), "255 steps of 0.1"
    assert not signed.spans_as(Affine((0.2,), (-128,), 8))
    assert not signed.is_centred
    assert Affine((0.1,), (0,), 8).is_centred
