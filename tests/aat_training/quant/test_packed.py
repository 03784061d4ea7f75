"""The int8 product of the compiled part: every integer of torch's, the worst ones too, and none where one is wrong."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from aat_training.quant import int8_product, lstm_forward, lstm_kernel
from aat_training.quant.compiled import packed
from aat_training.quant.compiled.packed import multiply, obstacle, pack
from aat_training.quant.h_product import HProduct
from aat_training.quant.int8_product import Verdict
from aat_training.quant.lstm import quantise_lstm
from tests.aat_training.quant.test_compiled import inputs, kernel_of, run

needs_loop = pytest.mark.skipif(obstacle() is not None, reason=f"no product of its own: {obstacle()}")
SHAPES = [(1, 4, 64), (3, 25, 100), (4, 144, 576), (5, 1, 1), (7, 66, 257), (16, 1024, 96)]  # rows, K, N


@needs_loop
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("extreme", [False, True])
def test_it_gives_the_integers(shape, extreme):
    rows, k, n = shape
    rng = torch.Generator().manual_seed(0)
    x = torch.randint(-128, 128, (rows, k), generator=rng)
    weight = torch.randint(-127, 128, (n, k), generator=rng)
    if extreme:
        x[:], weight[:] = -128, -127
    tiles = pack(weight.float())
    assert tiles is not None
    assert torch.equal(multiply(x.to(torch.int8), tiles).long(), x @ weight.T)


@needs_loop
def test_a_product_with_one_wrong_sum_is_not_used(monkeypatch):
    real = packed.multiply

    def one_wrong(x, tiles):
        out = real(x, tiles)
        out[-1, -1] += 1
        return out

    packed._is_exact.cache_clear()
    monkeypatch.setattr(packed, "multiply", one_wrong)
    assert pack(torch.ones(8, 8)) is None
    packed._is_exact.cache_clear()


@needs_loop
def test_all_steps_at_once_are_the_steps_one_by_one(monkeypatch):
    kernel = kernel_of("lut8, int8 cell")
    values = inputs(kernel, 0.5)
    calls = []
    monkeypatch.setattr(int8_product, "_probed", lambda *shape: Verdict("rows", "is exact, as the first test shows"))
    real = HProduct.__call__
    monkeypatch.setattr(HProduct, "__call__", lambda self, h: calls.append(1) or real(self, h))
    at_once = run(kernel, values)
    assert not calls
    monkeypatch.setattr(lstm_kernel, "pack", lambda weight: None)
    one_by_one = run(kernel, values)
    assert calls
    assert all(torch.equal(a, b) for a, b in zip(at_once, one_by_one, strict=True))


@pytest.mark.parametrize(("variable", "why"), [("NNASIM_COMPILED", "not compiled")])
def test_it_is_left_out_where_the_compiled_part_is(variable, why, monkeypatch):
    monkeypatch.setenv(variable, "0")
    assert obstacle() == why
    assert pack(torch.ones(8, 8)) is None


def test_sums_of_the_input_are_left_to_the_step_only_where_they_are_whole(monkeypatch):
    kernel = kernel_of("lut8, int8 cell")
    weights = quantise_lstm(kernel, *inputs(kernel, 0.5)[1:4])
    x = torch.ones(3, 2, weights.w_x.shape[1])
    gate_domain = lstm_forward.project_input(kernel, weights, x)
    sums = lstm_forward.input_product(kernel, weights, x)
    if sums.dtype == torch.int32:
        assert torch.equal(lstm_forward.in_gate_domain(weights, sums), gate_domain)
    scaled = lstm_forward.input_product(kernel, weights, x / 0.75)  # as dropout leaves it
    assert scaled.dtype == torch.float64
    assert torch.equal(scaled, lstm_forward.project_input(kernel, weights, x / 0.75))
