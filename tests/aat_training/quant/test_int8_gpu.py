"""Operands of a GPU's int8 kernel: padded to the shapes that it takes, on a machine that has only the CPU's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from aat_training.devices import CPU
from aat_training.quant import int8_gpu, int8_product
from aat_training.quant.h_product import HProduct
from aat_training.quant.int8_product import Factor, Verdict
from aat_training.quant.lstm import quantise_lstm
from tests.aat_training.quant.test_compiled import inputs, kernel_of


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, ...]]]:
    """The rules of cuBLAS, for the CPU's kernel; the shapes that were multiplied."""
    multiply, shapes = torch._int_mm, list[tuple[int, ...]]()

    def strictly(a: torch.Tensor, b: torch.Tensor, **out: torch.Tensor) -> torch.Tensor:
        shapes.append((*a.shape, b.shape[1]))
        if a.shape[0] <= 16 or a.shape[1] % 8 or b.shape[1] % 8:
            raise RuntimeError(f"self.size(0) needs to be greater than 16, but got {a.shape[0]}")
        return multiply(a, b, **out)

    monkeypatch.setattr(torch, "_int_mm", strictly)
    int8_gpu.obstacle.cache_clear()
    yield shapes
    int8_gpu.obstacle.cache_clear()


@pytest.mark.parametrize("rows", [1, 16, 17, 40])
@pytest.mark.parametrize(("k", "n"), [(8, 8), (9, 33), (1, 1), (24, 7)])
def test_every_shape_is_padded_to_one_that_the_kernel_takes(
    strict: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch, rows: int, k: int, n: int
) -> None:
    rng = torch.Generator().manual_seed(rows)
    x = torch.randint(-128, 128, (rows, 1, k), generator=rng).float()
    weight = torch.randint(-127, 128, (n, k), generator=rng).float()
    monkeypatch.setattr(int8_product, "verdict", lambda *asking: Verdict("padded", "exact there"))
    assert torch.equal(Factor(weight, 8, 8, "test").product(x), (x.double() @ weight.double().T).int())
    assert strict


def test_the_worst_operands_decide(strict: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    assert int8_gpu.obstacle(300, CPU) is None
    assert strict == [(32, 304, 16)]
    multiply = torch._int_mm
    monkeypatch.setattr(torch, "_int_mm", lambda a, b: multiply(a, b).clamp(max=32767))
    int8_gpu.obstacle.cache_clear()
    assert int8_gpu.obstacle(300, CPU) == "the int8 kernel is not exact there"
    monkeypatch.setattr(torch, "_int_mm", lambda a, b: torch.zeros(2) @ torch.zeros(3))
    int8_gpu.obstacle.cache_clear()
    assert str(int8_gpu.obstacle(300, CPU)).startswith("refused there: ")


@pytest.mark.parametrize(("units", "kind"), [(38, torch.int32), (37, torch.float32)])
def test_h_is_multiplied_in_padded_buffers_where_its_sums_stand_close(
    strict: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch, units: int, kind: torch.dtype
) -> None:
    kernel = kernel_of("lut8, int8 cell")
    _, w_ih, w_hh, bias, h, _ = inputs(kernel, 0.5, units)
    weights = quantise_lstm(kernel, w_ih, w_hh, bias)
    monkeypatch.setattr(int8_product, "verdict", lambda *asking: Verdict("padded", "exact there"))
    product = HProduct(kernel, weights, h)
    assert product(h).dtype == kind
    assert torch.equal(product(h).double(), h.double() @ weights.w_h.double().T)
