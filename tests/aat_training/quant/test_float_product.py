"""Float32 products of the backward pass: near float64's, the same bits each time, and by ``torch.mm`` where need be."""

from __future__ import annotations

import platform

import pytest
import torch

from aat_training.quant import float_product

SHAPES = (1, 1, 1), (16, 1024, 256), (333, 40, 17), (480, 576, 144)
NEAR = 2e-6  # relative to the norm: float32 sums of up to 1,024 terms against float64's


def operands(shape):
    rows, k, columns = shape
    rng = torch.Generator().manual_seed(3)
    return torch.randn(rows, k, generator=rng), torch.randn(k, columns, generator=rng)


def near(found, expected) -> bool:
    return float((found - expected).norm()) <= NEAR * float(expected.norm())


@pytest.mark.parametrize("shape", SHAPES)
def test_products_are_those_of_float64(shape):
    left, right = operands(shape)
    expected = left.double() @ right.double()
    assert near(float_product.product(left, right), expected)
    assert near(float_product.product(left.T.contiguous().T, right.T.contiguous().T), expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_repeated_product_adds_the_bits_of_a_single_one(shape):
    left, right = operands(shape)
    base, once, again = (torch.ones(shape[0], shape[2]) for _ in range(3))
    float_product.add_product(base, left, right, once)
    float_product.repeated(right, len(left))(base, left, again)
    assert torch.equal(once, again)


@pytest.mark.parametrize("shape", SHAPES)
def test_one_thread_and_two_have_the_same_bits(shape):
    if not torch.backends.mkldnn.is_available():
        pytest.skip("this torch has no oneDNN")
    left, right, before = *operands(shape), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = float_product.product(left, right)
        torch.set_num_threads(2)
        assert torch.equal(one, float_product.product(left, right))
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("shape", [(0, 4, 3), (3, 0, 4), (3, 4, 0)])
def test_nothing_to_multiply_is_a_product_too(shape):
    left, right = torch.ones(shape[0], shape[1]), torch.ones(shape[1], shape[2])
    assert torch.equal(float_product.product(left, right), left @ right)
    out = torch.empty(shape[0], shape[2])
    float_product.repeated(right, len(left))(torch.ones_like(out), left, out)
    assert torch.equal(out, torch.ones_like(out))


@pytest.mark.skipif(platform.machine() != "x86_64", reason="what oneDNN refuses elsewhere is not known")
@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN")
def test_onednn_multiplies_where_torch_has_it():
    """A torch in which the operators have other names would fall back in silence, at half the speed."""
    assert float_product.found_obstacle() is None


def test_onednn_can_be_switched_off():
    left, right = operands((5, 7, 3))
    torch._C._set_mkldnn_enabled(False)  # torch.backends.mkldnn.flags does it too, and warns of GPUs that are not there
    try:
        assert float_product.obstacle(left) == "oneDNN is switched off"
        assert torch.equal(float_product.product(left, right), left @ right)
    finally:
        torch._C._set_mkldnn_enabled(True)


def test_without_onednn_torch_multiplies(monkeypatch):
    left, right = operands((5, 7, 3))
    monkeypatch.setattr(float_product, "found_obstacle", lambda: "this torch has no oneDNN")
    assert float_product.obstacle(left) == "this torch has no oneDNN"
    assert torch.equal(float_product.product(left, right), left @ right)


def test_other_types_and_devices_are_left_to_torch():
    assert float_product.obstacle(torch.ones(1).double()) == "float64"
    assert float_product.obstacle(torch.ones(1, device="meta")) == "on meta"
