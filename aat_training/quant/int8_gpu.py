"""``torch._int_mm`` on a GPU: what shapes it takes, operands padded to them, and the proof that its sums are exact."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from nnasim.units import ceil_div

LEAST_ROWS = 17  # cuBLAS refuses 16 and fewer
GRANULE = 8  # of K and N


def rounded_up(size: int) -> int:
    """The next multiple of ``GRANULE``."""
    return GRANULE * ceil_div(size, GRANULE)


def padded(matrix: Tensor, *, least_rows: int = 0) -> Tensor:
    """``matrix`` with zeros behind its columns, and its rows too, so that both are as the kernel wants them."""
    rows, columns = matrix.shape
    more = max(rounded_up(rows), rounded_up(least_rows)) - rows
    return F.pad(matrix, (0, rounded_up(columns) - columns, 0, more))


def padded_input(x: Tensor) -> Tensor:
    """x (R, K) int8 as a left operand."""
    return padded(x, least_rows=LEAST_ROWS)


def padded_weight(weight: Tensor) -> Tensor:
    """Weight (N, K) int8 as a right operand (K, N), in the order in which it is stored."""
    return padded(weight).T


def multiply(x: Tensor, weight_KN: Tensor, n: int) -> Tensor:
    """x (R, K) int8 times a padded weight of ``n`` columns -> int32 (R, n)."""
    return torch._int_mm(padded_input(x), weight_KN)[: len(x), :n]


@cache
def obstacle(k: int, device: torch.device) -> str | None:
    """The reason why products over ``k`` are not made in int8 on ``device``; None if the worst operands give exact
    sums.
    """
    place = torch.arange(k)
    extremes = torch.stack([0 * place, 0 * place + 1, place % 2, place // 2 % 2])
    x, weight = (-128 + 255 * extremes).repeat(8, 1), (-127 + 254 * extremes).repeat(4, 1)
    expected = x @ weight.T
    try:
        narrow = padded_weight(weight.to(device, torch.int8))
        found = multiply(x.to(device, torch.int8), narrow, len(weight)).to("cpu")
    except RuntimeError as error:
        return f"refused there: {' '.join(str(error).split())[:120]}"
    return None if torch.equal(found, expected.int()) else "the int8 kernel is not exact there"
