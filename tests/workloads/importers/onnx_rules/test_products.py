"""Products: matrices and convolutions, of every padding and version."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workloads.importers.onnx_rules.checks import agree, floats, operators, refused


@pytest.mark.parametrize(("a", "b"), [((3, 4), (4, 2)), ((2, 3, 4), (4, 2)), ((4,), (4, 2)), ((2, 3, 4), (2, 4, 5))])
def test_matrices_agree(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    agree("MatMul", floats(*a), floats(*b, seed=1))


@pytest.mark.parametrize("a_turned", [0, 1])
@pytest.mark.parametrize("b_turned", [0, 1])
def test_gemm_agrees_turned_and_scaled(a_turned: int, b_turned: int) -> None:
    a, b = floats(*((4, 3) if a_turned else (3, 4))), floats(*((2, 4) if b_turned else (4, 2)), seed=1)
    agree("Gemm", a, b, floats(2, seed=2), transA=a_turned, transB=b_turned, alpha=0.5, beta=2.0)
    agree("Gemm", a, b, transA=a_turned, transB=b_turned)


def test_a_linear_layer_is_a_product_and_a_sum() -> None:
    graph = agree("Gemm", floats(1, 4), floats(3, 4, seed=1), floats(3, seed=2), constants=[1, 2], transB=1)
    assert operators(graph) == ["MatMul", "Add"]
    assert [node.name for node in graph.nodes] == ["node.MatMul", "node.Add"]


PADDINGS: list[dict[str, Any]] = [
    {},
    {"pads": [1, 0, 2, 1]},
    {"auto_pad": "VALID"},
    {"auto_pad": "SAME_UPPER"},
    {"auto_pad": "SAME_LOWER"},
]


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("strides", [[1, 1], [2, 3]])
@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions_agree(padding: dict[str, Any], strides: list[int], groups: int) -> None:
    weight = floats(6, 4 // groups, 3, 2, seed=1)
    agree("Conv", floats(1, 4, 7, 8), weight, floats(6, seed=2), strides=strides, group=groups, **padding, folds=False)


def test_a_convolution_says_its_kernel_or_leaves_it_to_the_weight() -> None:
    agree("Conv", floats(1, 4, 9), floats(4, 1, 3, seed=1), constants=[1], group=4, kernel_shape=[3], dilations=[2])
    assert "does not fit a weight" in refused("Conv", floats(1, 4, 9), floats(4, 4, 3), kernel_shape=[2])
    assert "do not fit a weight" in refused("Conv", floats(1, 3, 9), floats(4, 4, 3))
    assert "longer than what it is given" in refused("Conv", floats(1, 4, 2), floats(4, 4, 3))
    assert refused("Conv", floats(1, 4, 9), floats(4, 4, 3), strides=[0]) == "has strides (0,) for a kernel of (3,)"
    assert "takes (batch, channels, ...)" in refused("Conv", floats(4, 9), floats(4, 4, 3))


TRANSPOSED: list[dict[str, Any]] = [
    {},
    {"pads": [1, 0, 1, 1]},
    {"output_padding": [1, 0]},
    {"output_shape": [9, 15]},
    {"output_shape": [9, 15], "auto_pad": "SAME_UPPER"},
    {"auto_pad": "SAME_UPPER"},
    {"auto_pad": "SAME_LOWER"},
    {"auto_pad": "VALID"},
]


@pytest.mark.parametrize("padding", TRANSPOSED)
@pytest.mark.parametrize("groups", [1, 2])
def test_transposed_convolutions_agree(padding: dict[str, Any], groups: int) -> None:
    weight = floats(4, 6 // groups, 3, 2, seed=1)
    agree("ConvTranspose", floats(1, 4, 4, 5), weight, strides=[2, 3], group=groups, **padding, folds=False)


POOLS: list[dict[str, Any]] = [
    {},
    {"strides": [2, 1]},
    {"pads": [1, 0, 1, 1]},
    {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
]


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("operator", ["AveragePool", "MaxPool"])
def test_pools_agree(operator: str, pool: dict[str, Any]) -> None:
    agree(operator, floats(1, 3, 6, 8), kernel_shape=[2, 3], folds=False, **pool)
    if operator == "AveragePool":
        agree(operator, floats(1, 3, 6, 8), kernel_shape=[2, 3], folds=False, count_include_pad=1, **pool)


def test_a_pool_of_dilated_windows_agrees_and_one_that_is_not_full_is_refused() -> None:
    agree("MaxPool", floats(1, 2, 9), kernel_shape=[3], dilations=[2], folds=False)
    agree("MaxPool", floats(1, 2, 9), kernel_shape=[3], dilations=[2], pads=[1, 2], folds=False)
    agree("MaxPool", floats(1, 2, 9), kernel_shape=[3], pads=[2, 1], strides=[2], folds=False)
    whole = np.arange(24, dtype=np.uint8).reshape(1, 2, 12)
    agree("MaxPool", whole, kernel_shape=[2], dilations=[2], pads=[1, 1], folds=False)
    agree("MaxPool", floats(1, 2, 9), kernel_shape=[3], strides=[2], ceil_mode=1, folds=False)
    assert refused("MaxPool", floats(1, 2, 8), kernel_shape=[3], strides=[2], ceil_mode=1) == (
        "has a last window that is not full"
    )
    assert "gives out1 too" in refused("MaxPool", floats(1, 2, 8), kernel_shape=[3], outputs=2)


@pytest.mark.parametrize("operator", ["GlobalAveragePool", "GlobalMaxPool"])
def test_global_pools_agree(operator: str) -> None:
    agree(operator, floats(1, 3, 4, 5))


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("bhqd,bhkd->bhqk", [(1, 2, 3, 4), (1, 2, 5, 4)]),
        ("bqhd,bkhd->bhqk", [(1, 3, 2, 4), (1, 5, 2, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("ij->ji", [(2, 3)]),
        ("ij->j", [(2, 3)]),
        ("i,j->ij", [(2,), (3,)]),
        ("bi,bi->b", [(2, 3), (2, 3)]),
        ("ij,j,jk->ik", [(2, 3), (3,), (3, 4)]),
        ("ij,jk->", [(2, 3), (3, 4)]),
    ],
)
def test_sums_of_products_by_letters_agree(equation: str, shapes: list[tuple[int, ...]]) -> None:
    agree("Einsum", *(floats(*shape, seed=seed) for seed, shape in enumerate(shapes)), equation=equation)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_sums_of_products_of_any_letters_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = dict(zip("abcde", rng.integers(1, 4, 5), strict=True))
    terms = ["".join(rng.permutation(list("abcde"))[: rng.integers(1, 5)]) for _ in range(2)]
    letters = sorted(set("".join(terms)))
    output = "".join(rng.permutation(letters)[: rng.integers(0, len(letters) + 1)])
    operands = [floats(*(sizes[letter] for letter in term), seed=place) for place, term in enumerate(terms)]
    agree("Einsum", *operands, equation=f"{','.join(terms)}->{output}", folds=False)


def test_diagonals_and_equations_that_do_not_fit_are_refused() -> None:
    assert "takes a diagonal" in refused("Einsum", floats(2, 2), equation="ii->i")
    assert "does not fit its operands" in refused("Einsum", floats(2, 2), equation="ijk->i")
    assert "not of letters alone" in refused("Einsum", floats(2, 2), equation="...i->i")
    assert "sizes 3 and 4" in refused("Einsum", floats(2, 3), floats(4, 2), equation="ij,jk->ik")
