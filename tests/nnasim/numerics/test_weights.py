"""Weights, biases and the model's input become integers; one scale serves training and chip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.errors import NumericsError
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.weights import matmul_scale, quantise_bias, quantise_input, quantise_weight
from tests.nnasim.numerics.checks import ARRAYS, equal

CONFIG = NumericsConfig()


class TestScale:
    @given(st.floats(1e-3, 30.0), st.sampled_from([4, 8]), st.sampled_from([15, 31]))
    def test_accumulator_step_times_requantisation_is_the_output_step(self, largest, weight_bits, bits) -> None:
        config = NumericsConfig(weight_bits=weight_bits, multiplier_bits=bits)
        scale = matmul_scale(np.array([largest]), 2.0**-7, 2.0**-12, config)
        np.testing.assert_array_equal(scale.acc_step, scale.requant.real * 2.0**-12)
        np.testing.assert_array_equal(scale.weight_step * 2.0**-7, scale.acc_step)

    @given(st.floats(1e-3, 30.0), st.sampled_from([4, 8]))
    def test_the_largest_weight_of_a_channel_becomes_the_limit(self, largest: float, weight_bits: int) -> None:
        config = NumericsConfig(weight_bits=weight_bits)
        scale = matmul_scale(np.array([largest]), 2.0**-7, 2.0**-12, config)
        limit = {4: 7, 8: 127}[weight_bits]
        equal(
            quantise_weight(np.array([[largest, -largest, 0.0]]), scale.weight_step, weight_bits), [[limit, -limit, 0]]
        )

    def test_one_scale_per_matrix_is_that_of_the_largest_channel(self) -> None:
        config = NumericsConfig(per_channel=False)
        scale = matmul_scale(np.array([1.0, 4.0]), 2.0**-7, 2.0**-12, config)
        assert scale.weight_step[0] == scale.weight_step[1]

    def test_a_channel_of_zeros_has_a_scale_and_stays_zero(self) -> None:
        scale = matmul_scale(np.array([0.0]), 2.0**-7, 2.0**-12, CONFIG)
        equal(quantise_weight(np.zeros((1, 3)), scale.weight_step, 8), [[0, 0, 0]])


class TestRounding:
    @pytest.mark.parametrize("make", ARRAYS)
    def test_weights_round_half_up_and_stop_at_the_symmetric_limit(self, make) -> None:
        weight = make([[-1.5, -0.5, 0.5, 1.5, 126.5, 999.0, -999.0]])
        equal(quantise_weight(weight, np.array([1.0]), 8), [[-1, 0, 1, 2, 127, 127, -127]])
        equal(quantise_weight(weight, np.array([1.0]), 4), [[-1, 0, 1, 2, 7, 7, -7]])

    @given(st.floats(-3.0, 3.0, width=32), st.floats(1e-3, 0.1))
    def test_numpy_and_torch_divide_alike(self, value: float, step: float) -> None:
        steps = np.array([step])
        pair = [quantise_weight(make([[value]]), steps, 8) for make in ARRAYS]
        equal(pair[-1], np.asarray(pair[0]).astype(np.int64))

    @pytest.mark.parametrize("make", ARRAYS)
    def test_bias_counts_accumulator_steps_and_leaves_room_for_the_sum(self, make) -> None:
        equal(quantise_bias(make([0.5, -0.75, 1e9]), np.array([0.25, 0.5, 1e-3])), [2, -1, 2**30])

    @pytest.mark.parametrize("make", ARRAYS)
    def test_the_models_input_may_have_a_zero_point(self, make) -> None:
        equal(quantise_input(make([-1.0, 0.0, 0.26, 100.0]), 0.5, 8, zero_point=-28), [-30, -28, -27, 127])
        equal(quantise_input(make([[0.5, 0.5]]), np.array([0.5, 0.25]), 8), [[1, 2]])


class TestBadInput:
    @pytest.mark.parametrize("bad", [float("nan"), float("inf")])
    @pytest.mark.parametrize("make", ARRAYS)
    def test_nan_and_infinity_name_layer_and_operand(self, bad: float, make) -> None:
        with pytest.raises(NumericsError, match=r"enc0\.x: weight = .*must be finite"):
            quantise_weight(make([[0.0, bad]]), np.array([1.0]), 8, name="enc0.x")
        with pytest.raises(NumericsError, match=r"enc0\.x: bias = .*must be finite"):
            quantise_bias(make([bad]), np.array([1.0]), name="enc0.x")
        with pytest.raises(NumericsError, match=r"input: activation = .*must be finite"):
            quantise_input(make([bad]), 0.5, 8)
        with pytest.raises(NumericsError, match=r"enc0\.x: weight = .*must be finite"):
            matmul_scale(np.array([1.0, bad]), 2.0**-7, 2.0**-12, CONFIG, name="enc0.x")

    @pytest.mark.parametrize("step", [0.0, -1.0, float("nan")])
    def test_an_input_step_is_positive(self, step: float) -> None:
        with pytest.raises(NumericsError, match=r"step = .*must be finite and positive"):
            quantise_input(np.zeros(2), step, 8)

    def test_a_zero_point_fits_the_type(self) -> None:
        with pytest.raises(NumericsError, match="zero_point = 128: must fit int8"):
            quantise_input(np.zeros(2), 1.0, 8, zero_point=128)

    def test_a_scale_beyond_the_format_names_the_layer(self) -> None:
        with pytest.raises(NumericsError, match=r"enc0\.x: shift = "):
            matmul_scale(np.array([1e30]), 2.0**-7, 2.0**-12, CONFIG, name="enc0.x")
