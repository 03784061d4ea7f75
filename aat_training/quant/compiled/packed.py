"""The int8 product that the compiled part makes in its own loop over time, where the processor has VNNI instructions.

It is held to the same worst operands as ``torch._int_mm`` before anything else is multiplied.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from aat_training.quant.compiled import build
from aat_training.quant.compiled.call import call
from aat_training.quant.int8_product import worst_inputs, worst_weights
from nnasim.units import ceil_div

SOURCE = Path(__file__).with_name("lstm_steps.c")
TILE, QUAD = 64, 4  # of lstm_steps.c: weight rows of a tile, columns that one instruction adds


@dataclass(frozen=True)
class Packed:
    """A weight (N, K) as the compiled product reads it; ``offsets`` (N,): what is added to the sums of shifted inputs.

    ``rows``, ``columns``: N and K.
    """

    weight: Tensor
    offsets: Tensor
    rows: int
    columns: int

    def shifted(self, batch: int) -> Tensor:
        """Scratch for the inputs of ``batch`` rows."""
        return torch.empty(batch * QUAD * ceil_div(self.columns, QUAD), dtype=torch.uint8)


def obstacle() -> str | None:
    """The reason that keeps the compiled part from products of its own; None if it makes them."""
    library = build.load(SOURCE) if build.enabled() else None
    if library is None:
        return "not compiled"
    return None if hasattr(library, "nnasim_pack") else "no VNNI instructions"


def pack(weight: Tensor) -> Packed | None:
    """``weight`` (N, K), integers of int8 in float32, packed; None where there is no product, or one wrong sum."""
    if obstacle() is not None or not weight.is_cpu or not weight.numel():
        return None
    rows, columns = weight.shape
    return _packed(weight) if _is_exact(rows, columns) else None


def multiply(x: Tensor, packed: Packed) -> Tensor:
    """x (R, K) int8 times the weight -> int32 (R, N)."""
    out = torch.empty(len(x), packed.rows, dtype=torch.int32)
    shifted, x = packed.shifted(len(x)), x.contiguous()
    call(
        SOURCE,
        "nnasim_multiply",
        (len(x), packed.columns, packed.rows),
        (x, packed.weight, packed.offsets, shifted, out),
    )
    return out


@cache
def _is_exact(rows: int, columns: int) -> bool:
    """Whether every pattern of inputs times every pattern of weights is right."""
    x, weight = worst_inputs(columns), worst_weights(columns, rows)
    product = multiply(x.to(torch.int8), _packed(weight.float().contiguous()))
    return torch.equal(product.long(), x @ weight.long().T)


def _packed(weight: Tensor) -> Packed:
    rows, columns = weight.shape
    size = TILE * ceil_div(rows, TILE) * QUAD * ceil_div(columns, QUAD)
    tiles, offsets = torch.zeros(size, dtype=torch.int8), torch.empty(rows, dtype=torch.int32)
    weight = weight.contiguous()
    call(SOURCE, "nnasim_pack", (columns, rows), (weight, tiles, offsets))
    return Packed(tiles, offsets, rows, columns)
