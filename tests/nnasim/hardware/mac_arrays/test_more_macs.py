"""More MACs never make a matmul slower by more than the stated bound, in all three families."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.hardware.mac_arrays.law import MatmulTile, mac_array_law
from tests.nnasim.hardware.mac_arrays.more_macs import slower_at_most

sizes, sides = st.integers(1, 300), st.integers(1, 64)


def grown(kind: str, dataflow: str, rows: int, cols: int) -> MacArrayConfig:
    if kind == "vector":
        return MacArrayConfig(macs_per_cycle=rows * cols)
    return MacArrayConfig(kind=kind, dataflow=dataflow, rows=rows, cols=cols)


FAMILIES = [("vector", "ws"), ("dot_product", "ws"), ("systolic", "ws"), ("systolic", "os"), ("systolic", "is")]


@pytest.mark.parametrize(("kind", "dataflow"), FAMILIES)
@given(m=sizes, n=sizes, k=sizes, rows=sides, cols=sides, taller=sides, wider=sides)
@example(m=1, n=33, k=64, rows=8, cols=8, taller=0, wider=24)
def test_a_larger_array_costs_at_most_what_does_not_fill_it(
    kind: str, dataflow: str, m: int, n: int, k: int, rows: int, cols: int, taller: int, wider: int
) -> None:
    few, many = grown(kind, dataflow, rows, cols), grown(kind, dataflow, rows + taller, cols + wider)
    tile = MatmulTile(m, n, k)
    slower = mac_array_law(many).cycles(tile) - mac_array_law(few).cycles(tile)
    assert slower <= slower_at_most(few, many, m, n, k)


def test_the_bound_is_not_idle_a_wide_array_really_is_slower_on_a_narrow_matrix() -> None:
    few, many = grown("dot_product", "ws", 8, 8), grown("dot_product", "ws", 8, 64)
    tile = MatmulTile(1, 8, 64)
    slower = mac_array_law(many).cycles(tile) - mac_array_law(few).cycles(tile)
    assert 0.8 * slower_at_most(few, many, 1, 8, 64) < slower <= slower_at_most(few, many, 1, 8, 64)


@pytest.mark.parametrize("kind", ["dot_product", "systolic"])
@given(folds=st.integers(1, 5), m=sizes)
def test_a_matrix_that_fills_both_arrays_is_never_slower_on_the_larger(kind: str, folds: int, m: int) -> None:
    few, many = grown(kind, "ws", 8, 8), grown(kind, "ws", 32, 16)
    tile = MatmulTile(m, 16 * folds, 32 * folds)
    assert mac_array_law(many).cycles(tile) <= mac_array_law(few).cycles(tile)
