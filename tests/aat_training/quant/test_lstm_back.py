"""The backward loop of the compiled part: each bit of PyTorch's, whoever multiplies, and whatever threads share it."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from aat_training.quant import float_product
from aat_training.quant.compiled import build, lstm_back
from aat_training.quant.compiled.lstm_back import add_product, order_of_sums, packed_columns
from tests.aat_training.quant.chips import CHIPS
from tests.aat_training.quant.test_compiled import inputs, kernel_of, run

LIBRARY = build.load(lstm_back.SOURCE)
needs_loop = pytest.mark.skipif(not hasattr(LIBRARY, "nnasim_lstm_backward_all"), reason="no compiler, or no AVX-512")
SHAPES = [(1, 4, 1), (3, 148, 37), (7, 66, 49), (8, 576, 144), (13, 1200, 96), (16, 1024, 17)]  # rows, K, N


def operands(shape):
    rows, k, n = shape
    rng = torch.Generator().manual_seed(5)
    return (torch.randn(size, generator=rng) for size in ((rows, n), (rows, k), (k, n)))


@needs_loop
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_sum_is_near_that_of_float64_in_blocks_of_any_size(shape):
    base, left, right = operands(shape)
    expected = base.double() + left.double() @ right.double()
    for block in (1, 64, 512, shape[1]):
        found = add_product(base, left, packed_columns(right), block)
        assert (found - expected).norm() <= 2e-6 * expected.norm()


@needs_loop
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_row_has_the_same_bits_alone_and_among_others(shape):
    base, left, right = operands(shape)
    packed = packed_columns(right)
    together = add_product(base, left, packed, 512)
    alone = [add_product(base[row, None], left[row, None], packed, 512) for row in range(shape[0])]
    assert torch.equal(together, torch.cat(alone))


@needs_loop
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_where_an_order_was_found_each_bit_is_that_of_the_other_product(shape):
    block = order_of_sums(*shape)
    if block is None:
        pytest.skip("this oneDNN adds in an order of its own")
    base, left, right = operands(shape)
    expected = torch.empty_like(base)
    float_product.repeated(right, shape[0])(base, left, expected)
    assert torch.equal(add_product(base, left, packed_columns(right), block), expected)


@needs_loop
def test_no_order_is_assumed(monkeypatch):
    lstm_back._found_order.cache_clear()
    backwards = lambda right, rows: lambda base, left, out: torch.add(base, left.flip(1) @ right.flip(0), out=out)  # noqa: E731
    monkeypatch.setattr(float_product, "repeated", backwards)
    assert order_of_sums(16, 1024, 64) is None
    lstm_back._found_order.cache_clear()


@needs_loop
@pytest.mark.parametrize("name", CHIPS)
def test_all_steps_at_once_are_the_steps_one_by_one(name, monkeypatch):
    kernel = kernel_of(name)
    values = inputs(kernel, 0.5)
    at_once = run(kernel, values)
    monkeypatch.setattr(lstm_back, "order_of_sums", lambda rows, k, n: None)
    assert all(torch.equal(a, b) for a, b in zip(at_once, run(kernel, values), strict=True))
