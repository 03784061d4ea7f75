"""The three families of MAC array: the laws that the measured tables rest on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.hardware.mac_arrays.dot_product import DotProductArray, row_stripes
from nnasim.hardware.mac_arrays.law import MatmulTile
from nnasim.hardware.mac_arrays.systolic import SystolicArray, fold_cycles, sram_accesses
from nnasim.hardware.mac_arrays.vector import VectorArray

sizes = st.integers(1, 200)


@pytest.mark.parametrize(
    ("rows", "stripes"),
    [
        (1, [1]),
        (16, [16]),
        (17, [8, 9]),
        (24, [8, 16]),
        (31, [8, 8, 15]),
        (32, [16, 16]),
        (33, [16, 8, 9]),
    ],
)
def test_rows_go_in_stripes_of_one_to_two_atoms_of_kernels(rows, stripes):
    assert row_stripes(rows, 8) == stripes


@given(rows=sizes, atomic_k=st.sampled_from([8, 16, 32]))
def test_stripes_hide_the_weights_and_cover_every_row_once(rows, atomic_k):
    stripes = row_stripes(rows, atomic_k)
    assert sum(stripes) == rows
    assert max(stripes) <= 2 * atomic_k
    assert len(stripes) == 1 or min(stripes) >= atomic_k


def test_a_gemv_on_the_dot_product_array_is_bound_by_shifting_weights_in():
    array = DotProductArray(MacArrayConfig(kind="dot_product", rows=8, cols=8))
    assert array.cycles(MatmulTile(m=1, n=64, k=256)) == (64 // 8) * (256 // 8) * 8


def test_few_channels_are_bound_by_the_output_stage():
    array = DotProductArray(MacArrayConfig(kind="dot_product", rows=8, cols=8))
    assert array.cycles(MatmulTile(m=10, n=8, k=8)) == 10 * (8 + 1)


def test_fixed_cycles_stand_on_the_tile_that_opens_a_pass():
    config = MacArrayConfig(kind="dot_product", rows=8, cols=8, fixed_cycles_per_pass=163)
    opening = DotProductArray(config).cycles(MatmulTile(m=1, n=8, k=64))
    assert opening - DotProductArray(config).cycles(MatmulTile(m=1, n=8, k=64, first=False)) == 163


def test_scale_sim_s_example_of_128_cubed():
    assert fold_cycles("ws", 128, 128, 128, 128, 128) - 1 == 509
    assert fold_cycles("os", 128, 128, 128, 128, 128) - 1 == 381
    assert sram_accesses("ws", 128, 128, 128, 128, 128) == (128**2, 128**2, 128**2)


@given(m=sizes, n=sizes, k=sizes, rows=st.integers(1, 40), cols=st.integers(1, 40))
def test_input_stationary_is_weight_stationary_of_the_transposed_product(m, n, k, rows, cols):
    assert fold_cycles("is", rows, cols, m, n, k) == fold_cycles("ws", rows, cols, n, m, k)


@given(m=sizes, n=sizes, k=sizes, rows=st.integers(1, 40), cols=st.integers(1, 40))
def test_no_dataflow_is_faster_than_its_cells(m, n, k, rows, cols):
    for dataflow in ("ws", "os", "is"):
        config = MacArrayConfig(kind="systolic", rows=rows, cols=cols, dataflow=dataflow)
        assert SystolicArray(config).cycles(MatmulTile(m=m, n=n, k=k)) * rows * cols >= m * n * k


def test_a_gemv_on_the_vector_array_is_bound_by_the_weight_decoder():
    config = MacArrayConfig(macs_per_cycle=256, decoded_weights_per_cycle=8, fixed_cycles_per_pass=390)
    assert VectorArray(config).cycles(MatmulTile(m=1, n=4096, k=1024)) == 390 + 4096 * 1024 // 8


def test_sixteen_bit_activations_take_two_steps_on_the_vector_array():
    config = MacArrayConfig(macs_per_cycle=256)
    tile = MatmulTile(m=64, n=64, k=64)
    wide = MatmulTile(m=64, n=64, k=64, input_bits=16)
    assert VectorArray(config).cycles(wide) == 2 * VectorArray(config).cycles(tile)
