"""int8 on a CPU: ONNX's DynamicQuantizeLinear and MatMulInteger, and float32 around them."""

import numpy as np
import pytest

from nnasim.errors import NumericsError
from nnasim.numerics.dynamic import (
    LEVELS,
    WEIGHT_TOP,
    channel_quantise,
    dynamic_product,
    dynamic_quantise,
    product_type,
)


def single(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_the_values_of_the_operators_definition() -> None:
    """The example of ONNX's DynamicQuantizeLinear, less its zero point of 153."""
    quantised = dynamic_quantise(single(0, 2, -3, -2.5, 1.34, 0.5))
    assert quantised.levels.tolist() == [153 - 153, 255 - 153, 0 - 153, 26 - 153, 221 - 153, 179 - 153]
    assert quantised.step.tolist() == pytest.approx([5 / 255])


def test_the_range_always_holds_zero_and_zero_is_exact() -> None:
    above, below = dynamic_quantise(single(1, 3, 4)), dynamic_quantise(single(-1, -2.1, -4))
    assert above.levels.tolist() == [64, 191, 255]
    assert below.levels.tolist() == [-64, -134, -255]
    assert dynamic_quantise(single(-1, 0, 3)).levels[1] == 0


def test_halves_go_to_even() -> None:
    """A step of exactly 1: 0.5 and 1.5 are ties."""
    assert dynamic_quantise(single(255, 0.5, 1.5, 2.5)).levels.tolist() == [255, 0, 2, 2]
    assert channel_quantise(single(127, 0.5, 1.5, -2.5)[None]).levels.tolist() == [[127, 0, 2, -2]]


def test_a_vector_of_zeros_stays_zero() -> None:
    quantised = dynamic_quantise(np.zeros((2, 3), np.float32))
    assert not quantised.levels.any()
    assert quantised.step.tolist() == [[1], [1]]
    assert channel_quantise(np.zeros((1, 3), np.float32)).step.tolist() == [[1]]


def test_every_vector_has_a_range_of_its_own() -> None:
    x = np.random.default_rng(0).normal(0, [[1e-3], [1], [1e3]], (3, 50)).astype(np.float32)
    together = dynamic_quantise(x)
    for row, levels, step in zip(x, together.levels, together.step, strict=True):
        alone = dynamic_quantise(row)
        assert np.array_equal(alone.levels, levels)
        assert np.array_equal(alone.step, step)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(wrong: float) -> None:
    with pytest.raises(NumericsError, match="must be finite"):
        dynamic_quantise(single(1, wrong))
    with pytest.raises(NumericsError, match="must be finite"):
        channel_quantise(single(1, wrong)[None])


@pytest.mark.parametrize("k", [1, 518, 519, 4096])
def test_the_largest_sum_is_exact_in_the_type_that_is_chosen(k: int) -> None:
    """All operands at their ends and one odd one: the sum that a float32 of 519 elements would round."""
    x, w = np.full((1, k), LEVELS), np.full((1, k), WEIGHT_TOP)
    x[0, 0] = 1
    exact = x.astype(product_type(k)) @ w.astype(product_type(k)).T
    assert int(exact[0, 0]) == int((x.astype(np.int64) @ w.astype(np.int64).T)[0, 0])


def test_a_product_is_the_integers_times_both_steps_plus_the_bias() -> None:
    rng = np.random.default_rng(1)
    x, w, bias = (rng.normal(size=size).astype(np.float32) for size in ((4, 700), (5, 700), (5,)))
    weight, moved = channel_quantise(w), dynamic_quantise(x)
    sums = moved.levels.astype(np.int64) @ weight.levels.astype(np.int64).T
    assert np.array_equal(
        dynamic_product(x, weight, bias), sums.astype(np.float32) * (moved.step * weight.step.T) + bias
    )
    assert np.abs(dynamic_product(x, weight, bias) - (x @ w.T + bias)).max() < 0.02 * np.abs(x @ w.T).max()


def test_torch_computes_the_same_bits() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    x, w, bias = (rng.normal(size=size).astype(np.float32) for size in ((6, 300), (7, 300), (7,)))
    there = dynamic_product(torch.from_numpy(x), channel_quantise(torch.from_numpy(w)), torch.from_numpy(bias))
    assert np.array_equal(there.numpy(), dynamic_product(x, channel_quantise(w), bias))
