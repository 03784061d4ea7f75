"""Convolution: exact by plain Python integers, in every library and type, at every form that a kernel can have."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.errors import NumericsError
from nnasim.numerics.bounds import bound
from nnasim.numerics.conv import conv
from tests.nnasim.numerics.checks import NUMPY_AND_TORCH, equal

PLAIN = {"stride": (1,), "dilation": (1,), "pads": (0, 0)}


def by_definition(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, form: dict[str, Any]) -> np.ndarray:
    """Output t reads elements t stride - pad + i dilation: loops over Python integers, 0 outside."""
    kernel, groups = weight.shape[2:], form["groups"]
    axes, per_group, n = len(kernel), weight.shape[1], len(weight) // groups
    sizes = [
        (x.shape[1 + a] + form["pads"][a] + form["pads"][axes + a] - form["dilation"][a] * (kernel[a] - 1) - 1)
        // form["stride"][a]
        + 1
        for a in range(axes)
    ]
    out = np.zeros((len(weight), *sizes), np.int64)
    for row, place in product(range(len(weight)), product(*map(range, sizes))):
        total = int(bias[row])
        for channel, tap in product(range(per_group), product(*map(range, kernel))):
            at = [place[a] * form["stride"][a] - form["pads"][a] + tap[a] * form["dilation"][a] for a in range(axes)]
            if all(0 <= at[a] < x.shape[1 + a] for a in range(axes)):
                total += int(x[row // n * per_group + channel, *at]) * int(weight[row, channel, *tap])
        out[row, *place] = total
    return out


@st.composite
def forms(draw: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
    """Operands and form of a convolution over one or two axes."""
    axes, groups = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    few = st.lists(st.integers(1, 3), min_size=axes, max_size=axes).map(tuple)
    kernel, stride, dilation = draw(few), draw(few), draw(few)
    pads = draw(st.lists(st.integers(0, 3), min_size=2 * axes, max_size=2 * axes).map(tuple))
    sizes = [draw(st.integers(1, 4)) + d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    channels, outputs = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.integers(-128, 128, (groups * channels, *sizes))
    weight = rng.integers(-127, 128, (groups * outputs, channels, *kernel))
    form = {"stride": stride, "dilation": dilation, "pads": pads, "groups": groups}
    return x, weight, rng.integers(-5000, 5000, len(weight)), form


@given(forms())
def test_it_is_its_definition_in_every_library_and_type(operands: Any) -> None:
    x, weight, bias, form = operands
    expected = by_definition(x, weight, bias, form)
    for make in NUMPY_AND_TORCH:
        out = conv(make(x), make(weight), make(bias), **form)
        assert out.dtype == make([0]).dtype
        equal(out, expected)


@given(forms())
def test_leading_axes_are_a_batch(operands: Any) -> None:
    x, weight, bias, form = operands
    batch = np.stack([[x, -x - 1], [x[::-1], x]])
    equal(
        conv(batch, weight, bias, **form),
        [[conv(one, weight, bias, **form) for one in row] for row in batch],
    )


def test_without_bias_it_is_the_sum_alone() -> None:
    equal(conv(np.arange(4)[None], np.array([[[1, 10]]]), **PLAIN), [[10, 21, 32]])


class TestOverflow:
    """127 x 127 along a kernel of 140,000 passes int32 on its way; the second half brings it back."""

    K = 140_000
    x = np.full((1, K), 127)
    weight = np.where(np.arange(K) < K * 3 // 4, 127, -127)[None, None]

    def test_what_the_sum_comes_back_from_is_no_error(self) -> None:
        equal(conv(self.x, self.weight, **PLAIN), [[127 * 127 * self.K // 2]])

    def test_it_saturates_after_every_product_in_the_order_of_the_weight(self) -> None:
        total = 0
        for step in (1, 1, 1, -1):
            total = max(min(total + step * 16129, 32767), -32768)
        weight = np.array([[[127, 127], [127, -127]]])  # two channels, two taps: channel by channel
        equal(conv(np.full((2, 2), 127), weight, accumulator_bits=16, overflow="saturate", **PLAIN), [[total]])

    def test_it_wraps(self) -> None:
        equal(conv(np.array([[127]]), np.array([[[127]]]), accumulator_bits=8, overflow="wrap", **PLAIN), [[1]])

    def test_an_error_names_layer_and_value(self) -> None:
        with pytest.raises(NumericsError, match=r"front\.conv: accumulator = 16129\.0: overflows the chip's 8 bits"):
            conv(np.array([[127]]), np.array([[[127]]]), accumulator_bits=8, name="front.conv", **PLAIN)


def test_same_sign_operands_are_exact_in_the_type_that_the_bound_chooses() -> None:
    for channels in (200, 700):  # 5 taps: 1000 products fit float32, 3500 do not
        float_type = bound("check", 5 * channels, 8, 8, 32).float_type
        assert float_type == {200: "float32", 700: "float64"}[channels]
        x, weight = np.full((channels, 6), -128, float_type), np.full((1, channels, 5), -127, float_type)
        equal(conv(x, weight, **PLAIN), [[5 * channels * 128 * 127] * 2])


def test_half_types_are_refused() -> None:
    half = np.ones((1, 3), np.float16)
    with pytest.raises(NumericsError, match=r"conv: element type = .float16"):
        conv(half, half[None], **PLAIN)
