"""``lstm_back.c``: backward steps one by one, or all at once with a float product that has the bits of oneDNN's."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from aat_training.quant import float_product
from aat_training.quant.compiled import build
from aat_training.quant.compiled.call import by_number, call, fields, pointers, rows_of_a_thread, shared_out
from aat_training.quant.lstm_trail import Trail
from nnasim.units import ceil_div

SOURCE = Path(__file__).with_name("lstm_back.c")
PANEL = 48  # columns that lstm_back.c packs side by side
TILE_ROWS = 4  # a thread's rows are a multiple of this
BLOCKS = 1024, 512, 256, 384, 768  # terms that oneDNN may add one after the other, beside all of them
PROBED_SUMS = 1 << 12  # at least: that so many agree by chance is out of the question


class _Backward(ctypes.Structure):
    _fields_ = fields(
        "batch units steps rows next block",
        "gates slopes c c0 tc c_slopes c_inside into_h nothing packed dh dc dz",
    )


class CompiledBackward:
    """A step that reads ``dh``, moves ``dc`` one step back and writes dz[t]."""

    def __init__(self, trail: Trail, c0: Tensor, dh: Tensor, dc: Tensor, dz_TBG: Tensor) -> None:
        self._tensors: dict[str, Tensor | None] = {
            "gates": trail.gates, "slopes": trail.slopes, "c": trail.c, "c0": c0.contiguous(), "tc": trail.tc,
            "c_slopes": trail.c_slopes, "c_inside": trail.c_inside, "dh": dh, "dc": dc, "dz": dz_TBG,
        }  # fmt: skip
        self._shape = len(dz_TBG), *dh.shape
        arguments = _Backward(batch=dh.shape[0], units=dh.shape[1], **pointers(self._tensors))
        self._step = by_number(SOURCE, "nnasim_lstm_backward", arguments, (arguments, self._tensors))

    def __call__(self, t: int) -> None:
        """Run the point-wise half of step ``t``."""
        self._step(t)

    def every(self, w_h: Tensor, into_h_TBH: Tensor) -> bool:
        """Run all steps, each with its product by ``w_h`` (4H, H), and leave h0's share in ``dh``.

        False, and nothing is done, where no product of the compiled part has the bits of ``float_product``.
        """
        steps, batch, units = self._shape
        block = order_of_sums(batch, *w_h.shape)
        if block is None or not steps:
            return False
        into_h, nothing, packed = into_h_TBH.contiguous(), torch.zeros(batch, units), packed_columns(w_h)
        tensors = self._tensors | {"into_h": into_h, "nothing": nothing, "packed": packed}
        rows = rows_of_a_thread(batch, TILE_ROWS, products=steps * w_h.numel())
        arguments = _Backward(batch=batch, units=units, steps=steps, rows=rows, block=block, **pointers(tensors))
        shared_out(SOURCE, "nnasim_lstm_backward_all", arguments)
        return True


def multiplies() -> bool:
    """Whether this machine has the loop that makes its own float products."""
    return build.enabled() and hasattr(build.load(SOURCE), "nnasim_lstm_backward_all")


def compiles_backward(like: Tensor) -> bool:
    """Whether the compiled part runs the steps of a sequence of such tensors."""
    return like.is_cpu and build.enabled() and build.load(SOURCE) is not None


def compiled_backward(trail: Trail, c0: Tensor, dh: Tensor, dc: Tensor, dz_TBG: Tensor) -> CompiledBackward | None:
    """The steps of one sequence; None without the compiled part."""
    if not compiles_backward(dh):
        return None
    return CompiledBackward(trail, c0, dh, dc, dz_TBG)


def add_product(base: Tensor, left: Tensor, packed: Tensor, block: int) -> Tensor:
    """base (R, N) and left (R, K) times packed weights (K, N), sums in blocks of ``block`` terms."""
    out = torch.empty_like(base)
    call(SOURCE, "nnasim_add_product", (len(left), left.shape[1], base.shape[1], block), (left, packed, base, out))
    return out


def packed_columns(weight: Tensor) -> Tensor:
    """``weight`` (K, N) as the compiled product reads it."""
    (k, n), weight = weight.shape, weight.contiguous()
    packed = torch.empty(PANEL * ceil_div(n, PANEL) * k)
    call(SOURCE, "nnasim_pack_columns", (k, n), (weight, packed))
    return packed


def order_of_sums(rows: int, k: int, n: int) -> int | None:
    """The block of terms with which the compiled product has each bit of ``float_product``; None if there is none.

    Found by trying, never assumed: another oneDNN, or another processor, may add in another order.
    """
    if not (multiplies() and rows and k and n):
        return None
    return _found_order(rows, k, n, float_product.obstacle(torch.empty(0)), torch.get_num_threads())


@cache
def _found_order(rows: int, k: int, n: int, obstacle: str | None, threads: int) -> int | None:
    """``obstacle``, ``threads``: who makes the other product, which may change within a process."""
    rng = torch.Generator().manual_seed(k)
    right = torch.randn(k, n, generator=rng)
    packed, theirs = packed_columns(right), float_product.repeated(right, rows)
    blocks = [k, *(block for block in BLOCKS if block < k)]
    for _ in range(ceil_div(PROBED_SUMS, rows * n)):
        left, base = torch.randn(rows, k, generator=rng), torch.randn(rows, n, generator=rng)
        expected = torch.empty(rows, n)
        theirs(base, left, expected)
        blocks = [block for block in blocks if torch.equal(add_product(base, left, packed, block), expected)]
    return blocks[0] if blocks else None
