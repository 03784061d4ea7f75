"""``kernels.py`` as the steps of a sequence: where they run, and their arguments. None means: use plain PyTorch."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aat_training.devices import on
from aat_training.quant.compiled import build
from aat_training.quant.h_product import HProduct
from aat_training.quant.lstm_kernel import LstmKernel, LstmWeights
from aat_training.quant.lstm_trail import Trail
from aat_training.quant.rounding import rescaler
from nnasim.numerics.config import Rounding
from nnasim.numerics.formats import highest, lowest, saturate
from nnasim.numerics.rescale import IDENTITY


def interpreted() -> bool:
    """Whether Triton's interpreter is asked for, which runs kernels line by line on a CPU."""
    return os.environ.get("TRITON_INTERPRET", "0") == "1"


def obstacle(device: torch.device) -> str | None:
    """The reason why there are no kernels on ``device``; None if they run. Found by running one, once."""
    if device.type != "cuda" and not (device.type == "cpu" and interpreted()):
        return f"no kernels for {device.type}"
    return _found_obstacle(device) if build.enabled() else "NNASIM_COMPILED=0"


@cache
def _found_obstacle(device: torch.device) -> str | None:
    if find_spec("triton") is None:
        return "triton is not installed"
    try:
        _try_out(device)
    except Exception as error:  # whatever Triton, or the C compiler behind it, raises: PyTorch computes instead
        return f"triton: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return None


def state(device: torch.device) -> str:
    """A line on what computes the point-wise half on ``device``."""
    why = obstacle(device)
    return "one Triton kernel a step" if why is None else f"plain PyTorch ({why})"


def _try_out(device: torch.device) -> None:
    """Run a step back of one cell, whose gradient is known."""
    one = torch.ones(1, 1, device=device)
    gates, dc, dz = torch.ones(1, 4, device=device), torch.ones(1, 1, device=device), torch.zeros(1, 4, device=device)
    _launch("backward_kernel", 1, gates, gates, one, one, one, one, one, dc, dz, 1, 1)
    if dz.tolist() != [[2.0, 2.0, 1.0, 2.0]]:
        raise ArithmeticError("a step of known numbers comes out wrong")


def _launch(name: str, cells: int, *arguments: Any, **options: Any) -> None:
    kernels = import_module("aat_training.quant.fused.kernels")
    grid = (-(-cells // kernels.BLOCK),)
    # A fused multiply-add rounds once where PyTorch rounds twice.
    getattr(kernels, name)[grid](*arguments, block=kernels.BLOCK, enable_fp_fusion=False, **options)


def fused_forward(
    kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, product: HProduct, c: Tensor, trail: Trail
) -> Callable[[int, Tensor], None] | None:
    """A function for one step, which reads accumulators and writes the trail and ``c``; None if no kernel runs."""
    if obstacle(c.device) is not None:
        return None
    product.fed = product.narrow is not None
    return FusedForward(kernel, weights, gx_TBG, product.narrow, c, trail)


class FusedForward:
    """One step's point-wise half as one kernel; with a layer norm, h's share is normalised in PyTorch before it.

    ``gx_TBG``: the input's share (T, B, 4H); ``narrow``: where h goes as int8 too; ``c`` (B, H): integers in float64.
    """

    def __init__(
        self, kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, narrow: Tensor | None, c: Tensor, trail: Trail
    ) -> None:  # fmt: skip
        self.gx, self.narrow, self.c, self.trail = gx_TBG.to(torch.int32).contiguous(), narrow, c, trail
        self.kernel, self.gain, self.requant = kernel, weights.gain_h, weights.scale_h.requant
        self.double = kernel.numerics.rounding == Rounding.DOUBLE
        width, scale = gx_TBG.shape[-1], self.requant if self.gain is None else IDENTITY
        self.mult, self.shift = (_filled(each, width, c.device) for each in (scale.mult, scale.shift))
        self.scales = on(cell_constants(kernel), c.device)

    def __call__(self, t: int, acc: Tensor) -> None:
        """Accumulators (B, 4H) of step ``t`` -> the trail's step, and the cell state in place."""
        kernel, trail, c, place = self.kernel, self.trail, self.c, self.trail.place(t)
        share = acc if self.gain is None else self._normalised(t, acc)
        keep = trail.slopes is not None
        outputs = (trail.gates, trail.slopes, trail.c, trail.tc, trail.c_slopes, trail.c_inside)
        at = [None if each is None or not keep else each[place] for each in outputs]
        _launch(
            "forward_kernel", c.numel(), share, self.gx[t], self.mult, self.shift, self.scales,
            kernel.gate_values, kernel.gate_slopes, kernel.cell_values, kernel.tanh_c.slopes, kernel.cell_states,
            c, trail.h[t], self.narrow, *at, c.numel(), c.shape[1], 1 if self.narrow is None else self.narrow.stride(0),
            1.0 / kernel.sigmoid.step, 1.0 / kernel.tanh_c.step,
            keep=keep, narrow=self.narrow is not None, double=self.double,
        )  # fmt: skip

    def _normalised(self, t: int, acc: Tensor) -> Tensor:
        assert self.gain is not None
        share = saturate(rescaler(self.requant)(acc), 32)
        if self.trail.h_share is not None:
            self.trail.h_share[t].copy_(share)
        return self.gain(share)


def cell_constants(kernel: LstmKernel) -> np.ndarray:
    """Multipliers, shifts and limits of the point-wise half, int64 (12,), in the order of ``kernels.py``."""
    cell = kernel.cell
    scales = cell.keep, cell.update, cell.cell, cell.output
    pairs = [(int(scale.mult), int(scale.shift)) for scale in scales]
    limits = [limit(bits) for bits in (cell.cell_bits, cell.act_bits) for limit in (lowest, highest)]
    return np.array([number for pair in pairs for number in pair] + limits, np.int64)


def _filled(values: np.ndarray, width: int, device: torch.device) -> Tensor:
    return on(np.array(np.broadcast_to(values, (width,))), device)  # a copy: torch wants to write


def fused_backward(trail: Trail, c0: Tensor, dh: Tensor, dc: Tensor, dz_TBG: Tensor) -> Callable[[int], None] | None:
    """A function for one step, which reads ``dh``, moves ``dc`` one step back and writes dz[t]; None if no
    kernel runs.
    """
    if obstacle(dh.device) is not None:
        return None
    start = c0.contiguous()

    def step(t: int) -> None:
        assert trail.slopes is not None
        assert trail.c_slopes is not None
        before = trail.c[t - 1] if t else start
        _launch(
            "backward_kernel", dh.numel(), trail.gates[t], trail.slopes[t], before, trail.tc[t], trail.c_slopes[t],
            trail.c_inside[t], dh, dc, dz_TBG[t], dh.numel(), dh.shape[1],
        )  # fmt: skip

    return step
