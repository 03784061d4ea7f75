"""Float functions of rows, each row computed as if it were alone.

Two things make the last bit of a row depend on the rows beside it. A matrix product of many rows is summed in another
order than that of one row. And a function that goes over all numbers of a tensor takes them as vectors, the last few
one by one in another way: which numbers are the last ones depends on how many rows there are.

For decoding on a CPU: there are no gradients, and a GPU has products of its own for every number of rows.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``F.linear`` of each row of ``x`` (..., K), float (..., N)."""
    rows = x.reshape(-1, x.shape[-1])
    if len(rows) == 1:
        return F.linear(x, weight, bias)
    out, transposed = rows.new_empty(len(rows), len(weight)), weight.t()
    for row, place in zip(rows.split(1), out.split(1), strict=True):
        if bias is None:
            torch.mm(row, transposed, out=place)
        else:
            torch.addmm(bias, row, transposed, out=place)
    return out.view(*x.shape[:-1], len(weight))


def each_row(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """A ``function`` of single numbers, of each row of ``x`` (..., N).

    Rows that do not follow each other in memory are gone over one by one.
    """
    if torch.is_grad_enabled() or x.device.type != "cpu" or x.numel() == x.shape[-1]:
        return function(x)
    return function(rows_apart(*x.shape, device=x.device).copy_(x))


def rows_apart(*shape: int, device: torch.device) -> Tensor:
    """An uninitialised tensor (..., N), float32, whose rows have a gap between them."""
    return torch.empty(*shape[:-1], shape[-1] + 1, device=device)[..., :-1]
