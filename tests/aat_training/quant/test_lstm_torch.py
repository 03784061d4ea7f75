"""The loop in PyTorch: pieces made at once change nothing, and float32 is used only where it holds every product."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aat_training.quant import lstm_torch, lstm_torch_back
from aat_training.quant.rounding import holds_in_single, rounded_product
from nnasim.numerics.rescale import Rescale, requantise
from tests.aat_training.quant.test_compiled import inputs, kernel_of, run


@pytest.mark.parametrize("steps", [1, 2, 4, 11, 50])  # of 11 at once
@pytest.mark.parametrize("name", ["lut8, int8 cell", "double rounding"])
def test_pieces_of_any_length_give_the_same_bits(name, steps, monkeypatch):
    monkeypatch.setenv("NNASIM_COMPILED", "0")
    kernel = kernel_of(name)
    values = inputs(kernel, 0.5)
    whole = run(kernel, values)
    for module in (lstm_torch, lstm_torch_back):
        monkeypatch.setattr(module, "PIECE", steps * 4 * values[4].numel())
    assert all(torch.equal(one, other) for one, other in zip(whole, run(kernel, values), strict=True))


SCALES = {
    "power of two": Rescale.of(2.0**-7),
    "whole": Rescale.of(96.0),
    "15 bits": Rescale.of(0.7311),
    "31 bits": Rescale.of(0.7311, 31),
}


@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
def test_a_rounded_product_is_the_requantised_integer(scale):
    a, b = (torch.arange(-128, 129, dtype=torch.float64)[:, None] for _ in range(2))
    expected = requantise((a @ b.T).numpy().astype(np.int64), scale, 8)
    largest = 128.0 * 128
    types = [torch.float64, torch.float32] if holds_in_single(scale, largest) else [torch.float64]
    for dtype in types:
        x, y = (a / 128).to(dtype), (b.T / 128).to(dtype)
        product = rounded_product(scale, 8, largest, 128.0**2, x)(x, y, torch.empty(257, 257, dtype=dtype))
        np.testing.assert_array_equal(product.numpy(), expected)


def test_float32_is_used_only_where_it_holds_the_product_and_a_half():
    assert {name: holds_in_single(scale, 127.0 * 128) for name, scale in SCALES.items()} == {
        "power of two": True, "whole": True, "15 bits": False, "31 bits": False,
    }  # fmt: skip
    assert holds_in_single(SCALES["power of two"], 2.0**24 - 65)
    assert not holds_in_single(SCALES["power of two"], 2.0**24 - 64)
