"""Integers survive as bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.functional.packing import pack, unpack


@given(st.sampled_from([4, 8, 16, 32, 48]), st.data())
def test_what_is_packed_is_unpacked(bits: int, data) -> None:
    reach = 1 << (bits - 1)
    values = np.array(data.draw(st.lists(st.integers(-reach, reach - 1), max_size=9)), dtype=np.int64)
    stored = pack(values, bits)
    assert stored.dtype == np.uint8
    assert stored.size == -(-values.size * bits // 8)
    assert unpack(stored, bits, values.size).tolist() == values.tolist()


@pytest.mark.parametrize(("value", "bits"), [(8, 4), (128, 8), (-129, 8), (1 << 31, 32)])
def test_a_value_that_does_not_fit_is_refused(value: int, bits: int) -> None:
    with pytest.raises(ValueError, match=f"does not fit {bits} bits"):
        pack(np.array([value]), bits)


@pytest.mark.parametrize("bits", [4, 8, 16, 32, 48])
def test_rows_are_unpacked_at_once(bits: int) -> None:
    values = np.random.default_rng(bits).integers(-(1 << (bits - 1)), 1 << (bits - 1), (3, 5))
    rows = np.stack([pack(row, bits) for row in values])
    assert unpack(rows, bits, 5).tolist() == values.tolist()
