"""``rounding.c``: a weight to integers in one pass, where PyTorch needs six."""

from __future__ import annotations

import ctypes
from pathlib import Path

import torch
from torch import Tensor

from aat_training.quant.compiled import build
from aat_training.quant.compiled.call import fields, pointers, rows_of_a_thread, shared_out

SOURCE = Path(__file__).with_name("rounding.c")
PRODUCTS = 16  # that take as long as one division and its rounding


class _Rounding(ctypes.Structure):
    _fields_ = fields("batch columns rows next", "value step out", "limit")


def rounded(value: Tensor, step: Tensor, limit: float) -> Tensor | None:
    """float32 ``value`` (N, K) over float64 ``step`` (N,), half up and limited; None without the compiled part."""
    types = value.dtype, step.dtype
    if types != (torch.float32, torch.float64) or not (value.is_cpu and build.enabled()) or build.load(SOURCE) is None:
        return None
    rows, columns = value.shape
    tensors: dict[str, Tensor | None] = {
        "value": value.contiguous(), "step": step.contiguous(), "out": torch.empty(rows, columns),
    }  # fmt: skip
    arguments = _Rounding(
        batch=rows, columns=columns, limit=limit, rows=rows_of_a_thread(rows, 1, products=PRODUCTS * columns),
        **pointers(tensors),
    )  # fmt: skip
    shared_out(SOURCE, "nnasim_round", arguments)
    return tensors["out"]
