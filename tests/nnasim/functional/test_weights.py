"""Rows of a weight survive as bytes, and are read again where the bytes have changed."""

from __future__ import annotations

import numpy as np
import pytest

from nnasim.functional.weights import StoredWeight
from nnasim.ir.trace import TensorSpec


@pytest.mark.parametrize("bits", [4, 8, 16])
@pytest.mark.parametrize("bias_bits", [0, 32, 48])
@pytest.mark.parametrize("shape", [(5, 7), (5, 3, 2, 2)])
def test_rows_and_their_bias_come_back(bits: int, bias_bits: int, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(bits)
    weight = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), shape)
    bias = rng.integers(-(2**31), 2**31, 5) if bias_bits else None
    spec = TensorSpec.model_validate({"shape": shape, "bits": bits, "role": "weight"})
    stored = StoredWeight("w", weight, spec, bias=bias, bias_bits=bias_bits)
    rows = stored.numbers(1, stored.rows[1:4].ravel())
    np.testing.assert_array_equal(rows.weight, weight[1:4].reshape(3, -1))
    assert rows.weight.dtype == np.float64
    if bias is None:
        assert rows.bias is None
    else:
        np.testing.assert_array_equal(rows.bias, bias[1:4])


def test_other_bytes_are_other_numbers() -> None:
    spec = TensorSpec.model_validate({"shape": (2, 3), "bits": 8, "role": "weight"})
    stored = StoredWeight("w", np.arange(6).reshape(2, 3), spec, bias=None, bias_bits=0)
    data = stored.rows.ravel().copy()
    first = stored.numbers(0, data)
    assert stored.numbers(0, data.copy()) is first
    data[4] = 99
    assert stored.numbers(0, data).weight.tolist() == [[0, 1, 2], [3, 99, 5]]
